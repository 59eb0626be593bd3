import type { Column } from "../catalog.js";
import { newColumnId } from "../catalog.js";
import { type SqlType, types } from "../datatype.js";
import type { Core } from "../transactions.js";
import { csvRecords } from "./csv.js";
import { members, parsed } from "./members.js";
import { linesOf, textOf } from "./source.js";
import { bad } from "./target.js";

/** Rows that are looked at (docs "Using schema auto-detection": up to the first 500). */
const sample = 500;

const forms: readonly (readonly [RegExp, SqlType])[] = [
  [/^[+-]?\d{1,18}$/, types.int64],
  [/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/, types.float64],
  [/^(?:true|false)$/i, types.bool],
  [/^\d{4}-\d{2}-\d{2}$/, types.date],
  [/^\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?$/, types.time],
  [/^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?: ?UTC|Z|[+-]\d{2}:?\d{2})?$/, types.timestamp],
];
const guess = (text: string): SqlType => forms.find(([form]) => form.test(text))?.[1] ?? types.string;

function wider(a: SqlType | null, b: SqlType): SqlType {
  if (a === null || a.kind === b.kind) return b;
  const both = [a.kind, b.kind];
  return both.includes("INT64") && both.includes("FLOAT64") ? types.float64 : types.string;
}

async function firstLines(file: string, core: Core): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const lines of linesOf(textOf(file, core.quotas))) {
    found.push(...lines.map((l) => l.line).filter((line) => line.trim() !== ""));
    if (found.length >= sample) break;
  }
  return found.slice(0, sample);
}

/** Columns of text files as autodetection would guess them, roughly: no records, CSV with a header. */
export async function detect(core: Core, format: "CSV" | "JSON", files: readonly string[]): Promise<readonly Column[]> {
  const [file] = files;
  if (file === undefined) throw bad("No schema specified on job or table.");
  const seen = new Map<string, SqlType | null>();
  const note = (name: string, text: string | null) => {
    const before = seen.get(name) ?? null;
    seen.set(name, text === null ? before : wider(before, guess(text)));
  };
  let rows = 0;
  if (format === "CSV") {
    let names: readonly string[] | null = null;
    for await (const { fields } of csvRecords(textOf(file, core.quotas), { delimiter: ",", quote: '"', newlines: true })) {
      if (!names) names = fields.map((f) => f.text);
      else for (const [k, name] of names.entries()) note(name, fields[k]?.text || null);
      if (++rows > sample) break;
    }
  } else
    for (const line of await firstLines(file, core)) {
      const all = members(line);
      if (!all)
        throw bad(
          "Error while reading data, error message: JSON parsing error in row starting at position 0: Parser terminated before end of string.",
        );
      for (const [name, raw] of all) {
        if (raw.startsWith("{") || raw.startsWith("[")) seen.set(name, types.json);
        else note(name, raw === "null" ? null : raw.startsWith('"') ? String(parsed(raw)) : raw);
      }
    }
  return [...seen].map(([name, type]) => ({
    id: newColumnId(core.catalog),
    name,
    type: type ?? types.string,
    required: false,
    default: null,
    description: null,
    policyTags: [],
  }));
}
