import type { Reporter, TestModule } from "vitest/node";

/** Prints `tests: N passed, N failed, N skipped` as the very last line of the output. */
export default class LineReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<unknown>): void {
    const n = { passed: 0, failed: unhandled.length, skipped: 0, pending: 0 };
    for (const m of modules) {
      // A file that does not load has errors of its own and no tests.
      if (m.state() === "failed" && m.errors().length > 0) n.failed += 1;
      for (const t of m.children.allTests()) n[t.result().state] += 1;
    }
    const line = `tests: ${n.passed} passed, ${n.failed + n.pending} failed, ${n.skipped} skipped\n`;
    process.once("exit", () => process.stdout.write(line));
  }
}
