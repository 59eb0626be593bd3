import type { SqlType } from "../datatype.js";
import { text } from "../store.js";
import { asText } from "./coerce.js";
import { once } from "./once.js";

/** TO_JSON_STRING's text of a value (docs "JSON encodings"): compact, fields in their order, NULL as null. */
export function jsonText(sql: string, type: SqlType, wide = false): string {
  return once(sql, (s) => `coalesce(${present(s, type, wide)}, 'null')`);
}

/** `wide`: as a JSON value (TO_JSON), where wide numbers stay numbers. */
function present(sql: string, type: SqlType, wide: boolean): string {
  switch (type.kind) {
    case "INT64":
      return wide ? `CAST(${sql} AS VARCHAR)` : `bq_int_json(${sql})`;
    case "BOOL":
      return `CAST(${sql} AS VARCHAR)`;
    case "FLOAT64":
      return wide
        ? `CASE WHEN isfinite(${sql}) THEN bq_json_double(${sql}) ELSE bq_double_json(${sql}) END`
        : `bq_double_json(${sql})`;
    case "NUMERIC":
    case "BIGNUMERIC": {
      const written = asText({ sql, type });
      return wide ? written : `bq_dec_json(${written})`;
    }
    case "STRING":
    case "GEOGRAPHY":
    case "RANGE":
      return `CAST(to_json(${sql}) AS VARCHAR)`;
    case "JSON":
      return sql;
    case "BYTES":
      return `('"' || to_base64(${sql}) || '"')`;
    case "DATE":
      return `('"' || CAST(${sql} AS VARCHAR) || '"')`;
    case "TIME":
      return `('"' || bq_time(${sql}) || '"')`;
    case "DATETIME":
      return `('"' || bq_dt(${sql}, 'T') || '"')`;
    case "TIMESTAMP":
      return `('"' || bq_dt(${sql}, 'T') || 'Z"')`;
    case "INTERVAL":
      return `('"' || CAST(${sql} AS VARCHAR) || '"')`;
    case "ARRAY":
      return `CASE WHEN ${sql} IS NULL THEN NULL ELSE '[' || coalesce(array_to_string(list_transform(${sql}, lambda bqv: ${jsonText("bqv", type.element as SqlType, wide)}), ','), '') || ']' END`;
    case "STRUCT": {
      const fields = (type.fields ?? []).map(
        (f, k) =>
          `${text(`${k > 0 ? "," : ""}${JSON.stringify(f.name ?? "")}:`)} || ${jsonText(`struct_extract(${sql}, 'f${k}')`, f.type, wide)}`,
      );
      return `CASE WHEN ${sql} IS NULL THEN NULL ELSE '{' || ${fields.join(" || ") || "''"} || '}' END`;
    }
  }
}
