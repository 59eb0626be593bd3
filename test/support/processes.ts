import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "vitest";

/** A process of its own, which can be stopped, woken and killed. */
export interface Child {
  /** What it told at its end. */
  end(): Promise<Record<string, unknown>>;
  stop(): void;
  wake(): void;
  kill(): Promise<void>;
}

/** Processes of one test: `start` runs a file with a task as JSON, which tells JSON at its end. */
export function processes(): { start(file: string, task: object): Child; killAll(): void } {
  const children: ChildProcess[] = [];
  return {
    killAll: () => {
      for (const c of children.splice(0)) c.kill("SIGKILL");
    },
    start: (file, task) => {
      const args = ["--import", "tsx", "--conditions=cutover-source", file, JSON.stringify(task)];
      const p = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
      children.push(p);
      const out = { said: "", errors: "" };
      p.stdout.on("data", (d) => {
        out.said += String(d);
      });
      p.stderr.on("data", (d) => {
        out.errors += String(d);
      });
      const closed = once(p, "close");
      return {
        async end() {
          await closed;
          if (out.said === "") throw new Error(`the child ended without a word: ${out.errors}`);
          return JSON.parse(out.said) as Record<string, unknown>;
        },
        stop: () => p.kill("SIGSTOP"),
        wake: () => p.kill("SIGCONT"),
        async kill() {
          p.kill("SIGKILL");
          await closed;
          expect(p.signalCode).toBe("SIGKILL");
        },
      };
    },
  };
}
