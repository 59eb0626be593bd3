import { errors } from "../errors.js";
import { type Format, list, on } from "./format.js";

/** Rows of a CSV file as the service reads them (docs "CREATE FILE FORMAT", TYPE = CSV). */
export function csvRows(text: string, format: Format): (string | null)[][] {
  const one = (option: string): string => {
    const value = format[option] ?? "NONE";
    return value.toUpperCase() === "NONE" ? "" : value;
  };
  const [field, quote, escaping, bare] = [
    one("FIELD_DELIMITER"),
    one("FIELD_OPTIONALLY_ENCLOSED_BY"),
    one("ESCAPE"),
    one("ESCAPE_UNENCLOSED_FIELD"),
  ];
  const nulls = new Set(list(format, "NULL_IF"));
  const [trim, emptyIsNull] = [on(format, "TRIM_SPACE"), on(format, "EMPTY_FIELD_AS_NULL")];
  const rows: (string | null)[][] = [];
  let row: (string | null)[] = [];
  let i = text.startsWith("\uFEFF") ? 1 : 0;
  const value = (raw: string, quoted: boolean): string | null => {
    const kept = trim && !quoted ? raw.trim() : raw;
    if (kept === "" && !quoted && emptyIsNull) return null;
    return nulls.has(kept) ? null : kept;
  };
  const newline = (at: number): number => {
    const record = format["RECORD_DELIMITER"] ?? "\n";
    if (record !== "\n") return text.startsWith(record, at) ? record.length : 0;
    return text.startsWith("\r\n", at) ? 2 : text[at] === "\n" || text[at] === "\r" ? 1 : 0;
  };
  while (i < text.length) {
    let raw = "";
    let quoted = false;
    while (trim && text[i] === " ") i++;
    if (quote !== "" && text[i] === quote) {
      quoted = true;
      for (i++; ; i++) {
        if (i >= text.length) throw errors.csvQuote(rows.length + 1);
        if (escaping !== "" && text[i] === escaping && escaping !== quote) raw += text[++i] ?? "";
        else if (text[i] !== quote) raw += text[i];
        else if (text[i + 1] === quote) {
          raw += quote;
          i++;
        } else break;
      }
      i++;
      while (trim && text[i] === " ") i++;
      if (i < text.length && newline(i) === 0 && !(field !== "" && text.startsWith(field, i)))
        throw errors.csvDelimiter(text[i] ?? "", rows.length + 1);
    } else {
      while (i < text.length && newline(i) === 0 && !(field !== "" && text.startsWith(field, i))) {
        if (bare !== "" && text[i] === bare && i + 1 < text.length) {
          // `\N` is the default way to write NULL, so a backslash before N stays.
          if (text[i + 1] === "N") raw += text[i];
          i++;
        }
        raw += text[i++];
      }
    }
    row.push(value(raw, quoted));
    const end = newline(i);
    if (end > 0 || i >= text.length) {
      i += end;
      rows.push(row);
      row = [];
    } else {
      i += field.length;
      if (i >= text.length) {
        row.push(value("", false));
        rows.push(row);
        row = [];
      }
    }
  }
  return on(format, "SKIP_BLANK_LINES") ? rows.filter((r) => r.length > 1 || r[0] !== null) : rows;
}
