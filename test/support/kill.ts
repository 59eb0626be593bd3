import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Job } from "./child.js";

/** Runs a job in a process of its own, to its violent end. Resolves the signal that ended it; null when it survived. */
export function killed(job: Job): Promise<string | null> {
  const child = fileURLToPath(new URL("./child.ts", import.meta.url));
  const p = spawn(process.execPath, ["--import", "tsx", "--conditions=cutover-source", child, JSON.stringify(job)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let told = "";
  p.stdout.on("data", (d) => (told += String(d)));
  p.stderr.on("data", (d) => (told += String(d)));
  return new Promise((resolve, reject) => {
    p.on("error", reject);
    p.on("exit", (code, signal) => {
      if (signal !== null) resolve(signal);
      else if (code === 0 && told.includes("survived")) resolve(null);
      else reject(new Error(`the child failed by itself (${code}): ${told}`));
    });
  });
}
