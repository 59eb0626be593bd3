import { color, Listr, PRESET_TIMER } from "listr2";

/** Adds a line that stays below the title. */
export type Line = (text: string) => void;
/** Does one thing of the timeline. */
export type Entry = <T>(title: string, work: (line: Line) => Promise<T>) => Promise<T>;

/**
 * A timeline: spinner, lines and duration on a terminal, plain lines elsewhere. `now` tells, as often as it is asked,
 * what happens at the moment.
 */
export function timeline(now: () => string): Entry {
  return async (title, work) => {
    let result: [Awaited<ReturnType<typeof work>>] | undefined;
    const run = async (_: unknown, task: { title: string; output: string }): Promise<void> => {
      const show = (): void => {
        task.title = `${title}  ${color.dim(now())}`;
      };
      const tick = process.stdout.isTTY ? setInterval(show, 100) : undefined;
      try {
        const line = (text: string): void => {
          task.output = text;
        };
        result = [await work(line)];
      } finally {
        clearInterval(tick);
        task.title = title;
      }
    };
    const lines = { outputBar: Number.POSITIVE_INFINITY, persistentOutput: true };
    await new Listr([{ title, task: run, rendererOptions: lines }], {
      registerSignalListeners: false,
      rendererOptions: { formatOutput: "truncate", timer: PRESET_TIMER },
      fallbackRenderer: "simple",
      fallbackRendererOptions: { timer: PRESET_TIMER },
    }).run();
    if (result === undefined) throw new Error(`${title} has no result`);
    return result[0];
  };
}

export const count = (n: number): string => n.toLocaleString("en-US");
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
export const { bold, green, red } = color;

/** Texts in columns; a negative width aligns to the right. */
export const cells = (...all: readonly (readonly [text: string, width: number])[]): string =>
  all
    .map(([text, width]) => (width < 0 ? text.padStart(-width) : text.padEnd(width)))
    .join("  ")
    .trimEnd();
