import { bare, held, type SqlType, same, shown, types } from "../datatype.js";
import { invalid } from "../errors.js";
import { literal } from "../values.js";
import { aggregate, isAggregate, isWindow } from "./aggregates.js";
import type { Expr } from "./ast.js";
import { asText, coerce, isNumber, together, typeName } from "./coerce.js";
import { added, difference, partOf, truncated } from "./dates.js";
import type { Ex, X } from "./model.js";
import { once } from "./once.js";
import { arithmetic, bool, equality } from "./operators.js";
import { signaturesOf, simple } from "./signatures.js";
import { jsonText } from "./to-json.js";

export type Call = Extract<Expr, { k: "call" }>;

/** A call of a function. */
export function call(x: X, e: Call): Ex {
  const { name, more, at } = e;
  if (isAggregate(name) || isWindow(name)) return aggregate(x, e);
  if (more.star || more.distinct || more.over || more.order.length > 0 || more.limit || more.having)
    throw invalid(`${more.over ? "Analytic function" : "Aggregate function modifier"} not allowed for function ${name}`, at);
  const made = special(x, e) ?? plain(x, e);
  return more.safe ? { ...made, sql: `TRY(${made.sql})` } : made;
}

function plain(x: X, e: Call): Ex {
  const args = e.args.map((a) => x.analyze(x, a.value));
  const named = e.args.find((a) => a.name !== null);
  if (named) throw invalid(`Named argument ${named.name} not found in signature for call to function ${e.name}`, e.at);
  const made = simple(e.name, args, e.at);
  if (made === undefined) throw invalid(`Function not found: ${e.name}`, e.at);
  if (made === null) throw signature(e, args);
  return made;
}

export const signature = (e: Call, args: readonly Ex[]) => {
  const known = signaturesOf(e.name);
  const types = args.length === 0 ? "Number of arguments does not match" : `argument types: ${args.map(typeName).join(", ")}`;
  return invalid(
    `No matching signature for function ${e.name} for ${types}.${known ? ` Supported signatures: ${known}` : ""}`,
    e.at,
  );
};

const datePattern = /^(DATE|DATETIME|TIMESTAMP|TIME)_(ADD|SUB|DIFF|TRUNC)$/;

function special(x: X, e: Call): Ex | null {
  const { name, at } = e;
  const arg = (k: number): Expr => {
    const found = e.args[k];
    if (!found) throw signature(e, []);
    return found.value;
  };
  const ex = (k: number): Ex => x.analyze(x, arg(k));
  const count = (least: number, greatest = least): void => {
    if (e.args.length < least || e.args.length > greatest)
      throw signature(
        e,
        e.args.map((a) => x.analyze(x, a.value)),
      );
  };
  const dated = datePattern.exec(name);
  if (dated) return dateFunction(x, e, dated[1] as SqlType["kind"], dated[2] as string, ex, arg);
  switch (name) {
    case "IF": {
      count(3);
      const { all, type } = together([ex(1), ex(2)], "function IF", at);
      return {
        sql: `CASE WHEN ${bool(x, arg(0), "IF condition").sql} THEN ${all[0]?.sql} ELSE ${all[1]?.sql} END`,
        type: bare(type),
      };
    }
    case "IFNULL":
      count(2);
      return coalesced(x, e);
    case "COALESCE":
      count(1, 1000);
      return coalesced(x, e);
    case "NULLIF": {
      count(2);
      const { all, type } = together([ex(0), ex(1)], "function NULLIF", at);
      equality(type, "=", at);
      return { sql: `nullif(${all[0]?.sql}, ${all[1]?.sql})`, type: bare(type) };
    }
    case "GREATEST":
    case "LEAST": {
      count(1, 1000);
      const { all, type } = together(
        e.args.map((a) => x.analyze(x, a.value)),
        `function ${name}`,
        at,
      );
      const list = all.map((a) => a.sql);
      const sql = once(
        `[${list.join(", ")}]`,
        (s) =>
          `CASE WHEN len(list_filter(${s}, lambda bqn: bqn IS NULL)) > 0 THEN NULL ELSE ${name === "LEAST" ? "list_min" : "list_max"}(${s}) END`,
      );
      return { sql, type: bare(type) };
    }
    case "ABS": {
      count(1);
      const a = ex(0);
      if (!isNumber(a.type)) throw signature(e, [a]);
      return {
        sql:
          a.type.kind === "BIGNUMERIC"
            ? `CASE WHEN ${a.sql} < CAST('0' AS BIGNUM) THEN -${a.sql} ELSE ${a.sql} END`
            : `abs(${a.sql})`,
        type: a.type,
      };
    }
    case "SAFE_DIVIDE": {
      count(2);
      const [a, b] = [ex(0), ex(1)];
      const made = arithmetic("/", a, b, at);
      return { sql: `CASE WHEN ${b.sql} = 0 THEN NULL ELSE ${made.sql} END`, type: made.type };
    }
    case "CONCAT": {
      count(1, 1000);
      const args = e.args.map((a) => x.analyze(x, a.value));
      if (args.some((a) => a.type.kind === "BYTES")) {
        const { all, type } = together(args, "function CONCAT", at);
        return { sql: `(${all.map((a) => a.sql).join(" || ")})`, type };
      }
      // docs "CONCAT": values of other types that become text by themselves.
      const texts = args.map((a) => {
        if (a.untyped) return "CAST(NULL AS VARCHAR)";
        if (["ARRAY", "STRUCT", "JSON", "GEOGRAPHY"].includes(a.type.kind)) throw signature(e, args);
        return asText(a);
      });
      return { sql: `(${texts.join(" || ")})`, type: types.string };
    }
    case "TO_JSON_STRING": {
      count(1, 2);
      const a = ex(0);
      return { sql: a.untyped ? "'null'" : jsonText(a.sql, a.type), type: types.string };
    }
    case "TO_JSON": {
      count(1, 2);
      const a = ex(0);
      return { sql: a.untyped ? "'null'" : `bq_json(${jsonText(a.sql, a.type, true)}, 'round')`, type: types.json };
    }
    case "PARSE_JSON": {
      count(1, 2);
      const mode = e.args[1];
      if (!mode) return null;
      const value = mode.value.k === "literal" ? mode.value.value : null;
      if (mode.name !== "wide_number_mode" || (value !== "exact" && value !== "round"))
        throw invalid("Invalid `wide_number_mode` specified. It should be `exact` or `round`", at);
      const a = coerce(ex(0), types.string, at);
      if (!a) throw signature(e, [ex(0)]);
      return { sql: `bq_json(${a.sql}, '${value}')`, type: types.json };
    }
    case "ARRAY_LENGTH": {
      count(1);
      const a = ex(0);
      if (a.type.kind !== "ARRAY" && !a.untyped) throw signature(e, [a]);
      return { sql: `CAST(len(${a.sql}) AS BIGINT)`, type: types.int64 };
    }
    case "ARRAY_REVERSE": {
      count(1);
      const a = ex(0);
      if (a.type.kind !== "ARRAY") throw signature(e, [a]);
      return { sql: `list_reverse(${a.sql})`, type: a.type };
    }
    case "ARRAY_CONCAT": {
      const { all, type } = together(
        e.args.map((a) => x.analyze(x, a.value)),
        "function ARRAY_CONCAT",
        at,
      );
      if (type.kind !== "ARRAY") throw signature(e, all);
      const list = all.map((a) => a.sql);
      const joined = list.slice(1).reduce((left, right) => `list_concat(${left}, ${right})`, list[0] as string);
      return { sql: `CASE WHEN ${list.map((s) => `${s} IS NULL`).join(" OR ")} THEN NULL ELSE ${joined} END`, type };
    }
    case "ARRAY_TO_STRING": {
      count(2, 3);
      const a = ex(0);
      const kind = a.type.element?.kind;
      if (kind !== "STRING" && kind !== "BYTES") throw signature(e, [a, ex(1)]);
      const list = e.args[2] ? `list_transform(${a.sql}, lambda bqv: coalesce(bqv, ${ex(2).sql}))` : a.sql;
      return {
        sql: `CASE WHEN ${a.sql} IS NULL THEN NULL ELSE coalesce(array_to_string(${list}, ${ex(1).sql}), '') END`,
        type: types.string,
      };
    }
    case "GENERATE_ARRAY": {
      count(2, 3);
      const { all, type } = together(
        e.args.map((a) => x.analyze(x, a.value)),
        "function GENERATE_ARRAY",
        at,
      );
      if (type.kind !== "INT64") throw signature(e, all);
      return { sql: `generate_series(${all.map((a) => a.sql).join(", ")})`, type: types.array(type) };
    }
    case "GENERATE_DATE_ARRAY": {
      count(2, 3);
      const [a, b] = [coerce(ex(0), types.date, at), coerce(ex(1), types.date, at)];
      if (!a || !b) throw signature(e, [ex(0), ex(1)]);
      const step = e.args[2] ? ex(2).sql : "to_days(1)";
      return {
        sql: `CAST(generate_series(CAST(${a.sql} AS TIMESTAMP), CAST(${b.sql} AS TIMESTAMP), ${step}) AS DATE[])`,
        type: types.array(types.date),
      };
    }
    case "GENERATE_TIMESTAMP_ARRAY":
      count(3);
      return { sql: `generate_series(${ex(0).sql}, ${ex(1).sql}, ${ex(2).sql})`, type: types.array(types.timestamp) };
    case "RANGE_BUCKET": {
      count(2);
      const [a, array] = [ex(0), ex(1)];
      if (array.type.kind !== "ARRAY" || !same(a.type, array.type.element as SqlType)) throw signature(e, [a, array]);
      return {
        sql: `CASE WHEN ${a.sql} IS NULL OR ${array.sql} IS NULL THEN NULL ELSE CAST(len(list_filter(${array.sql}, lambda bqv: bqv <= ${a.sql})) AS BIGINT) END`,
        type: types.int64,
      };
    }
    case "ERROR": {
      count(1);
      const a = coerce(ex(0), types.string, at);
      if (!a) throw signature(e, [ex(0)]);
      // Of no type of its own: it stands where any is wanted.
      return { sql: `error('bq|' || ${a.sql})`, type: types.int64, untyped: true };
    }
    case "CURRENT_TIMESTAMP":
      return { sql: `make_timestamp(${x.env.now})`, type: types.timestamp };
    case "CURRENT_DATETIME":
    case "CURRENT_DATE":
    case "CURRENT_TIME": {
      count(0, 1);
      const utc = `make_timestamp(${x.env.now})`;
      const now = e.args[0] ? `make_timestamp(${x.env.now} + bq_ahead(${x.env.now}, ${ex(0).sql}))` : utc;
      const type = { kind: name.slice(8) as SqlType["kind"] };
      return { sql: name === "CURRENT_DATETIME" ? now : `CAST(${now} AS ${held(type)})`, type };
    }
    case "SESSION_USER":
      count(0);
      return { sql: literal(x.env.user, types.string), type: types.string };
    case "FORMAT":
      return formatted(x, e);
    case "LAST_DAY":
      if (e.args.length !== 2) return null;
      return {
        sql: `CAST(${truncated(name, "DATE", ex(0), partOf(arg(1), at), null, at).sql} + ${partOf(arg(1), at) === "MONTH" ? "to_months(1)" : "to_months(12)"} AS DATE) - 1`,
        type: types.date,
      };
    default:
      return null;
  }
}

function coalesced(x: X, e: Call): Ex {
  const { all, type } = together(
    e.args.map((a) => x.analyze(x, a.value)),
    `function ${e.name}`,
    e.at,
  );
  return { sql: `coalesce(${all.map((a) => a.sql).join(", ")})`, type: bare(type) };
}

function dateFunction(x: X, e: Call, kind: SqlType["kind"], what: string, ex: (k: number) => Ex, arg: (k: number) => Expr): Ex {
  if (what === "TRUNC") {
    const zone = e.args[2] ? ex(2) : null;
    const value = ex(0);
    // DATE_TRUNC and TIMESTAMP_TRUNC also take the other kinds (docs "DATE_TRUNC").
    const own =
      value.constant === undefined && ["DATE", "DATETIME", "TIMESTAMP"].includes(value.type.kind) && kind !== "TIME"
        ? value.type.kind
        : kind;
    return truncated(e.name, own, value, partOf(arg(1), e.at), zone, e.at);
  }
  if (what === "DIFF") return difference(e.name, kind, ex(0), ex(1), partOf(arg(2), e.at), e.at);
  const by = arg(1);
  if (by.k !== "interval") throw invalid(`${e.name} needs an INTERVAL with a date part`, e.at);
  return added(e.name, kind, ex(0), x.analyze(x, by.a), by.part, what === "ADD" ? 1 : -1, e.at);
}

/** `FORMAT('%s %d %T', …)`: the elements without flags and width (docs "FORMAT"). */
function formatted(x: X, e: Call): Ex {
  const [first, ...rest] = e.args.map((a) => x.analyze(x, a.value));
  if (typeof first?.constant !== "string") throw invalid("The simulator knows FORMAT with a literal format alone", e.at);
  const args = [...rest];
  const parts = first.constant.split(/(%[%a-zA-Z]|%0?\d+[dsx])/).map((part) => {
    if (!part.startsWith("%")) return literal(part, types.string);
    if (part === "%%") return "'%'";
    const value = args.shift();
    if (!value) throw invalid("Too few arguments to FORMAT for the format string", e.at);
    if (part === "%d" && value.type.kind === "INT64") return `CAST(${value.sql} AS VARCHAR)`;
    const padded = /^%0(\d+)d$/.exec(part);
    if (padded && value.type.kind === "INT64")
      return `lpad(CAST(${value.sql} AS VARCHAR), CAST(greatest(${padded[1]}, length(CAST(${value.sql} AS VARCHAR))) AS INTEGER), '0')`;
    if (part === "%x" && value.type.kind === "INT64") return `lower(hex(${value.sql}))`;
    if (part === "%s" && value.type.kind === "STRING") return value.sql;
    if (part === "%t" && !["ARRAY", "STRUCT", "JSON"].includes(value.type.kind)) return `coalesce(${asText(value)}, 'NULL')`;
    if (part === "%T") return `coalesce(${shownLiteral(value, e)}, 'NULL')`;
    if (part === "%p" || part === "%P") return jsonText(value.sql, value.type);
    throw invalid(`Invalid type for argument to FORMAT; the simulator does not know ${part} of ${shown(value.type)}`, e.at);
  });
  if (args.length > 0) throw invalid("Too many arguments to FORMAT", e.at);
  return { sql: `(${parts.join(" || ") || "''"})`, type: types.string };
}

function shownLiteral(e: Ex, c: Call): string {
  switch (e.type.kind) {
    case "ARRAY":
      return `('[' || array_to_string(list_transform(${e.sql}, lambda bqv: coalesce(${shownLiteral({ sql: "bqv", type: e.type.element as SqlType }, c)}, 'NULL')), ', ') || ']')`;
    case "INT64":
    case "BOOL":
      return `CAST(${e.sql} AS VARCHAR)`;
    case "STRING":
      return `CAST(to_json(${e.sql}) AS VARCHAR)`;
    case "DATE":
    case "TIMESTAMP":
    case "DATETIME":
    case "TIME":
    case "NUMERIC":
      return `('${e.type.kind} "' || ${asText(e)} || '"')`;
    case "FLOAT64":
      return `CASE WHEN regexp_full_match(bq_double(${e.sql}), '-?\\d+') THEN bq_double(${e.sql}) || '.0' ELSE bq_double(${e.sql}) END`;
    default:
      throw invalid(`The simulator does not know FORMAT('%T') of ${shown(e.type)}`, c.at);
  }
}
