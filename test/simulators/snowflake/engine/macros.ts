/** What the service's functions need beyond DuckDB's own. Errors are raised as code|state|text and told by `fromDuck`. */
export const macros: readonly string[] = [
  // DuckDB reads a number out of a document as a double: where there may be more digits, a slower way keeps them.
  "sf_step(j, p, k) AS CASE WHEN regexp_matches(CAST(j AS VARCHAR), '[0-9.]{16}') THEN CAST(sf_get(CAST(j AS VARCHAR), k) AS JSON) ELSE json_extract(j, p) END",
  "sf_json_text(s) AS CASE WHEN regexp_matches(s, '[0-9]e[+-]') THEN sf_shown(s) ELSE s END",
  // A text that a VARIANT stands for: a JSON string without its quotes, null as NULL, anything else as it is written.
  `sf_plain(j) AS CASE WHEN starts_with(CAST(j AS VARCHAR), '"') THEN json_extract_string(j, '$') WHEN CAST(j AS VARCHAR) = 'null' THEN NULL ELSE CAST(j AS VARCHAR) END`,
  `sf_plain_text(j) AS CASE WHEN regexp_full_match(sf_plain(j), '-?[0-9.]+e[+-][0-9]+') AND NOT starts_with(CAST(j AS VARCHAR), '"')
     THEN regexp_replace(CAST(CAST(sf_plain(j) AS DOUBLE) AS VARCHAR), '\\.0$', '') ELSE CASE WHEN starts_with(CAST(j AS VARCHAR), '"') THEN sf_plain(j) ELSE sf_json_text(sf_plain(j)) END END`,
  // DuckDB writes a decimal of 38 digits behind the point without the zero before it.
  "sf_number_json(s) AS CASE WHEN contains(s, '.') THEN regexp_replace(regexp_replace(regexp_replace(s, '\\.?0+$', ''), '^(-?)\\.', '\\10.'), '^-?$', '0') ELSE s END",
  `sf_try_boolean(s) AS CASE WHEN lower(trim(s)) IN ('true', 't', 'yes', 'y', 'on', '1') THEN TRUE
     WHEN lower(trim(s)) IN ('false', 'f', 'no', 'n', 'off', '0') THEN FALSE END`,
  "sf_nonzero(b) AS CASE WHEN b = 0 THEN error('100051|22012|Division by zero') ELSE b END",
  "sf_fit(s, n) AS CASE WHEN length(s) > n THEN error('100078|22000|String ''' || s || ''' is too long and would be truncated') ELSE s END",
  "sf_real_text(x) AS CASE CAST(x AS VARCHAR) WHEN 'nan' THEN 'NaN' ELSE regexp_replace(CAST(x AS VARCHAR), '\\.0$', '') END",
  "sf_offset(z) AS replace(CASE WHEN length(z) = 3 THEN z || '00' ELSE z END, ':', '')",
  "sf_zoned_text(x) AS strftime(x, '%Y-%m-%d %H:%M:%S.%g ') || sf_offset(strftime(x, '%z'))",
  `sf_boolean(s) AS CASE WHEN s IS NULL THEN NULL WHEN lower(trim(s)) IN ('true', 't', 'yes', 'y', 'on', '1') THEN TRUE
     WHEN lower(trim(s)) IN ('false', 'f', 'no', 'n', 'off', '0') THEN FALSE
     ELSE error('100037|22018|Boolean value ''' || s || ''' is not recognized') END`,
  // Texts of digits alone are seconds, milliseconds, microseconds or nanoseconds by their size (docs "TO_TIMESTAMP").
  `sf_digits(s) AS make_timestamp(CAST(CASE WHEN abs(CAST(s AS HUGEINT)) < 31536000000 THEN CAST(s AS HUGEINT) * 1000000
     WHEN abs(CAST(s AS HUGEINT)) < 31536000000000 THEN CAST(s AS HUGEINT) * 1000
     WHEN abs(CAST(s AS HUGEINT)) < 31536000000000000 THEN CAST(s AS HUGEINT) ELSE CAST(s AS HUGEINT) // 1000 END AS BIGINT))`,
  "sf_parse_ntz(s) AS CASE WHEN regexp_full_match(trim(s), '-?\\d{5,}') THEN sf_digits(trim(s)) ELSE CAST(sf_stamp(s, FALSE) AS TIMESTAMP) END",
  "sf_parse_tz(s) AS CASE WHEN regexp_full_match(trim(s), '-?\\d{5,}') THEN sf_digits(trim(s)) AT TIME ZONE 'UTC' ELSE CAST(sf_stamp(s, TRUE) AS TIMESTAMPTZ) END",
  `sf_text(x) AS CASE typeof(x) WHEN 'VARCHAR' THEN CAST(x AS VARCHAR) WHEN 'DOUBLE' THEN sf_real_text(CAST(x AS VARCHAR))
     WHEN 'JSON' THEN sf_plain_text(CAST(CAST(x AS VARCHAR) AS JSON))
     WHEN 'BLOB' THEN hex(CAST(CAST(x AS VARCHAR) AS BLOB))
     WHEN 'TIMESTAMP' THEN strftime(CAST(CAST(x AS VARCHAR) AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g')
     WHEN 'TIMESTAMP WITH TIME ZONE' THEN sf_zoned_text(CAST(CAST(x AS VARCHAR) AS TIMESTAMPTZ))
     WHEN 'TIME' THEN substr(CAST(x AS VARCHAR), 1, 8) ELSE CAST(x AS VARCHAR) END`,
  `sf_json(x) AS CASE WHEN typeof(x) IN ('JSON', 'BOOLEAN') THEN CAST(x AS VARCHAR)
     WHEN typeof(x) = 'DOUBLE' THEN sf_real_json(CAST(CAST(x AS VARCHAR) AS DOUBLE))
     WHEN typeof(x) LIKE 'DECIMAL%' OR typeof(x) LIKE '%INT%' THEN sf_number_json(CAST(x AS VARCHAR))
     ELSE CAST(to_json(sf_text(x)) AS VARCHAR) END`,
  "sf_bytes(x) AS CASE typeof(x) WHEN 'BLOB' THEN CAST(CAST(x AS VARCHAR) AS BLOB) ELSE encode(sf_text(x)) END",
  "sf_md5_lower(x) AS CAST('0x' || substr(md5(x), 17) AS UBIGINT)",
  "sf_md5_upper(x) AS CAST('0x' || substr(md5(x), 1, 16) AS UBIGINT)",
  "sf_signed(h) AS CAST(CASE WHEN h >= 9223372036854775808 THEN h - 18446744073709551616 ELSE h END AS DECIMAL(19,0))",
  "sf_hash_agg(h) AS sf_signed(coalesce(sum(CAST(h AS HUGEINT)), 0) % 18446744073709551616)",
  "sf_split_part(s, d, n) AS coalesce(CASE WHEN n = 0 THEN split_part(s, d, 1) ELSE split_part(s, d, n) END, '')",
];
