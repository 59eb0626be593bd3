/** What GoogleSQL's functions need beyond DuckDB's own. Errors come as `bq|text` and are told by `errors.ts`. */
export const macros: readonly string[] = [
  `bq_int(s) AS CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, '\\s*[+-]?(\\d+|0[xX][0-9a-fA-F]+)\\s*') AND TRY_CAST(trim(s) AS BIGINT) IS NOT NULL
     THEN TRY_CAST(trim(s) AS BIGINT) ELSE CAST(bq_fail('Bad int64 value: ' || s) AS BIGINT) END`,
  `bq_float(s) AS CASE WHEN s IS NULL THEN NULL WHEN TRY_CAST(trim(s) AS DOUBLE) IS NOT NULL AND NOT contains(s, '_') THEN TRY_CAST(trim(s) AS DOUBLE)
     ELSE CAST(bq_fail('Bad double value: ' || s) AS DOUBLE) END`,
  `bq_numeric(s) AS CASE WHEN s IS NULL THEN NULL WHEN TRY_CAST(trim(s) AS DECIMAL(38,9)) IS NOT NULL AND NOT contains(s, '_') THEN TRY_CAST(trim(s) AS DECIMAL(38,9))
     ELSE CAST(bq_fail('Invalid NUMERIC value: ' || s) AS DECIMAL(38,9)) END`,
  `bq_bool(s) AS CASE WHEN s IS NULL THEN NULL WHEN lower(s) = 'true' THEN TRUE WHEN lower(s) = 'false' THEN FALSE
     ELSE CAST(bq_fail('Bad bool value: ' || s) AS BOOLEAN) END`,
  `bq_whole(x) AS CASE WHEN isnan(x) OR isinf(x) THEN CAST(bq_fail('Illegal conversion of non-finite floating point number to an integer: ' || bq_double(x)) AS BIGINT)
     ELSE CAST(round(x) AS BIGINT) END`,
  "bq_big(s) AS CAST(bq_big_scaled(s) AS BIGNUM)",
  "bq_big_out(x) AS bq_big_text(CAST(x AS VARCHAR))",
  // Trailing zeros of a decimal are not written.
  `bq_dec(s) AS CASE WHEN contains(s, '.') THEN regexp_replace(regexp_replace(rtrim(rtrim(s, '0'), '.'), '^(-?)\\.', '\\10.'), '^-?0?$', '0') ELSE s END`,
  `bq_frac(us) AS CASE WHEN us = 0 THEN '' WHEN us % 1000 = 0 THEN '.' || lpad(CAST(us // 1000 AS VARCHAR), 3, '0') ELSE '.' || lpad(CAST(us AS VARCHAR), 6, '0') END`,
  `bq_dt(x, sep) AS left(CAST(x AS VARCHAR), 10) || sep || substr(CAST(x AS VARCHAR), 12, 8) || bq_frac(((epoch_us(x) % 1000000) + 1000000) % 1000000)`,
  `bq_time(x) AS left(CAST(x AS VARCHAR), 8) || bq_frac(epoch_us(x) % 1000000)`,
  `bq_int_json(x) AS CASE WHEN x BETWEEN -9007199254740992 AND 9007199254740992 THEN CAST(x AS VARCHAR) ELSE '"' || CAST(x AS VARCHAR) || '"' END`,
  `bq_dec_json(s) AS CASE WHEN contains(s, '.') OR length(s) > 17 OR abs(CAST(s AS HUGEINT)) > 9007199254740992 THEN '"' || s || '"' ELSE s END`,
  `bq_double_json(x) AS CASE WHEN isnan(x) THEN '"NaN"' WHEN isinf(x) THEN CASE WHEN x > 0 THEN '"Infinity"' ELSE '"-Infinity"' END ELSE bq_double(x) END`,
  `bq_range(x) AS CASE WHEN epoch_us(x) < -62135596800000000 OR epoch_us(x) > 253402300799999999 THEN CAST(bq_fail('Timestamp out of range') AS TIMESTAMP) ELSE x END`,
  `bq_text(b) AS CASE WHEN b IS NULL THEN NULL WHEN TRY(decode(b)) IS NULL THEN bq_fail('Invalid UTF-8: ' || hex(b)) ELSE decode(b) END`,
  `bq_substr(s, p, n) AS CASE WHEN n < 0 THEN bq_fail('Third argument in SUBSTR() cannot be negative') ELSE substr(s, CASE WHEN p < -length(s) THEN 1 WHEN p = 0 THEN 1 ELSE p END, n) END`,
  `bq_from(s, p) AS substr(s, CASE WHEN p < -length(s) THEN 1 WHEN p = 0 THEN 1 ELSE p END)`,
];
