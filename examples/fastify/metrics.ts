import type { Observer } from "cutover";
import { Counter, Histogram, type Registry } from "prom-client";

/** Events of pipelines as metrics of Prometheus. */
export function metricsOf(registry: Registry): Observer {
  const registers = [registry];
  const stages = new Histogram({
    name: "cutover_stage_duration_seconds",
    help: "How long each stage took",
    labelNames: ["pipeline", "stage", "ok"],
    registers,
  });
  const failures = new Counter({
    name: "cutover_failures_total",
    help: "Stages that failed, by code",
    labelNames: ["pipeline", "code"],
    registers,
  });
  const changed = new Counter({
    name: "cutover_rows_total",
    help: "Rows that releases changed",
    labelNames: ["pipeline", "table", "change"],
    registers,
  });
  return {
    event(e) {
      const { pipeline } = e;
      if (e.type === "stage.end") {
        stages.observe({ pipeline, stage: e.stage, ok: String(e.ok) }, e.ms / 1000);
        if (e.code !== undefined) failures.inc({ pipeline, code: e.code });
      }
      if (e.type === "published")
        for (const change of ["inserted", "updated", "deleted"] as const)
          changed.inc({ pipeline, table: e.table, change }, e.counts[change]);
    },
  };
}
