/** BIGNUMERIC as the engine holds it: an integer of 10^-38 as text. Sources: docs "Data types" (Decimal types). */
const places = 38;
/** 2^255, in those units. */
const most = 2n ** 255n;

/** null: no decimal, or one that does not fit. */
export function bigScaled(text: string): string | null {
  const found = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?\s*$/.exec(text);
  if (!found || !/\d/.test(`${found[2]}${found[3] ?? ""}`)) return null;
  const [, sign, whole = "", behind = "", exponent = "0"] = found;
  const shift = Number(exponent) - behind.length + places;
  const digits = BigInt(`${whole}${behind}` || "0");
  const unit = 10n ** BigInt(Math.abs(shift));
  const size = shift >= 0 ? digits * unit : (digits + unit / 2n) / unit;
  if (size >= most) return null;
  return `${sign === "-" && size > 0n ? "-" : ""}${size}`;
}

/** Without zeros at the end. */
export function bigText(scaled: string): string {
  const negative = scaled.startsWith("-");
  const size = (negative ? scaled.slice(1) : scaled).padStart(places + 1, "0");
  const behind = size.slice(-places).replace(/0+$/, "");
  const whole = size.slice(0, -places);
  return `${negative ? "-" : ""}${whole}${behind === "" ? "" : `.${behind}`}`;
}

/** Rounded to a scale, half away from zero; null: more digits than the precision allows. */
export function bigFit(scaled: string, precision: number, scale: number): string | null {
  const value = BigInt(scaled);
  const unit = 10n ** BigInt(places - scale);
  const size = ((value < 0n ? -value : value) + unit / 2n) / unit;
  if (size >= 10n ** BigInt(precision)) return null;
  return `${value < 0n ? "-" : ""}${size * unit}`;
}
