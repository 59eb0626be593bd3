import { daysOf, stampText } from "./temporal.js";

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = "January February March April May June July August September October November December".split(" ");
const two = (n: number): string => String(n).padStart(2, "0");

/** FORMAT_TIMESTAMP and the like (docs "Format elements for date and time parts"), in UTC. Elements it does not know are refused. */
export function formatTime(format: string, micros: bigint, fail: (what: string) => never): string {
  const text = stampText(micros);
  const [year = "", month = "", day = "", hour = "", minute = "", second = ""] = text.split(/[- :.]/);
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const six = fraction.toString().padStart(6, "0");
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const dayOfYear = Math.round((date.getTime() - new Date(date).setUTCMonth(0, 1)) / 86_400_000) + 1;
  return format.replace(/%(E[*0-9]S|E4Y|[A-Za-z%])/g, (_, element: string) => {
    if (element === "E*S") return `${second}${fraction === 0n ? "" : `.${six.replace(/0+$/, "")}`}`;
    const digits = /^E(\d)S$/.exec(element)?.[1];
    if (digits !== undefined) return digits === "0" ? second : `${second}.${six.padEnd(9, "0").slice(0, Number(digits))}`;
    const made: Readonly<Record<string, string>> = {
      Y: String(Number(year)),
      E4Y: year,
      y: year.slice(2),
      m: month,
      d: day,
      e: String(Number(day)).padStart(2, " "),
      H: hour,
      M: minute,
      S: second,
      I: two(Number(hour) % 12 || 12),
      p: Number(hour) < 12 ? "AM" : "PM",
      j: String(dayOfYear).padStart(3, "0"),
      F: `${Number(year)}-${month}-${day}`,
      T: `${hour}:${minute}:${second}`,
      R: `${hour}:${minute}`,
      D: `${month}/${day}/${year.slice(2)}`,
      B: months[Number(month) - 1] ?? "",
      b: (months[Number(month) - 1] ?? "").slice(0, 3),
      A: days[date.getUTCDay()] ?? "",
      a: (days[date.getUTCDay()] ?? "").slice(0, 3),
      u: String(date.getUTCDay() || 7),
      w: String(date.getUTCDay()),
      Q: String(Math.ceil(Number(month) / 3)),
      s: String((micros - fraction) / 1_000_000n),
      Z: "UTC",
      z: "+0000",
      n: "\n",
      t: "\t",
      "%": "%",
    };
    return made[element] ?? fail(`the simulator does not know the format element %${element}`);
  });
}

const patterns: Readonly<Record<string, string>> = {
  Y: "(?<Y>\\d{1,4})",
  E4Y: "(?<Y>\\d{4})",
  m: "(?<m>\\d{1,2})",
  d: "(?<d>\\d{1,2})",
  e: "\\s*(?<d>\\d{1,2})",
  H: "(?<H>\\d{1,2})",
  M: "(?<M>\\d{1,2})",
  S: "(?<S>\\d{1,2})",
  F: "(?<Y>\\d{1,4})-(?<m>\\d{1,2})-(?<d>\\d{1,2})",
  T: "(?<H>\\d{1,2}):(?<M>\\d{1,2}):(?<S>\\d{1,2})",
  R: "(?<H>\\d{1,2}):(?<M>\\d{1,2})",
  Z: "(?<z>UTC|Z)",
  z: "(?<z>Z|[+-]\\d{2}:?\\d{2})",
  Ez: "(?<z>Z|[+-]\\d{2}:?\\d{2})",
  "%": "%",
};

/** PARSE_TIMESTAMP and the like: microseconds since 1970. */
export function parseFormatted(format: string, text: string, fail: (what: string) => never): bigint {
  const source = format.replace(/%(E[*0-9]S|E4Y|Ez|[A-Za-z%])|[\\^$.*+?()[\]{}|]|\s+/g, (all, element: string | undefined) => {
    if (element === undefined) return /^\s/.test(all) ? "\\s*" : `\\${all}`;
    if (/^E.S$/.test(element)) return "(?<S>\\d{1,2})(?:\\.(?<f>\\d{1,9}))?";
    return patterns[element] ?? fail(`the simulator does not know the format element %${element}`);
  });
  const groups = new RegExp(`^\\s*${source}\\s*$`).exec(text)?.groups;
  if (!groups) return fail(`Failed to parse input string "${text}"`);
  const of = (name: string, otherwise: number) => Number(groups[name] ?? otherwise);
  const day = daysOf(of("Y", 1970), of("m", 1), of("d", 1));
  if (day === null || of("H", 0) > 23 || of("M", 0) > 59 || of("S", 0) > 59)
    return fail(`Failed to parse input string "${text}"`);
  const seconds = BigInt(day) * 86_400n + BigInt((of("H", 0) * 60 + of("M", 0)) * 60 + of("S", 0));
  const zone = /^([+-])(\d{2}):?(\d{2})$/.exec(groups["z"] ?? "");
  const ahead = zone ? BigInt((Number(zone[2]) * 60 + Number(zone[3])) * 60 * (zone[1] === "-" ? -1 : 1)) : 0n;
  return (seconds - ahead) * 1_000_000n + BigInt((groups["f"] ?? "").slice(0, 6).padEnd(6, "0"));
}
