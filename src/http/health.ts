import type { FastifyInstance } from "fastify";
import { UNCACHED } from "../wire/headers.ts";
import { requireMethod } from "./endpoint.ts";
import { hook } from "./hook.ts";

/** The result of a check. `problem`: undefined if it passed; `remark`: what operators should know nevertheless. */
interface Finding {
  readonly name: string;
  readonly problem: string | undefined;
  readonly remark?: string | undefined;
}

/** Tells whether this process can serve. */
export interface HealthReport {
  results(): Promise<readonly Finding[]>;
}

/**
 * Serves `/livez` and `/readyz` in plain text, as Kubernetes' own servers do: 200 if all checks pass, else 503, with
 * one line for each check if one fails or `?verbose` asks for it. Any answer means that the process is alive: if
 * liveness depended on the store, an outage would restart every node.
 */
export function serveHealth(app: FastifyInstance, health: HealthReport): void {
  const serve = (name: string, check: () => Promise<readonly Finding[]>) =>
    app.all<{ Querystring: { readonly verbose?: string } }>(
      `/${name}`,
      { onRequest: hook((request) => requireMethod(request, ["GET", "HEAD"])) },
      async (request, reply) => {
        const findings = await check();
        const isWell = findings.every(({ problem }) => problem === undefined);
        reply.code(isWell ? 200 : 503).headers({ ...UNCACHED, "content-type": "text/plain; charset=utf-8" });
        return isWell && request.query.verbose === undefined ? "ok\n" : report(name, findings, isWell);
      },
    );
  serve("livez", async () => []);
  serve("readyz", () => health.results());
}

function report(name: string, findings: readonly Finding[], isWell: boolean): string {
  const lines = findings.map(({ name, problem, remark }) => {
    if (problem !== undefined) return `[-]${name} failed: ${problem}`;
    return remark === undefined ? `[+]${name} ok` : `[+]${name} ok, but ${remark}`;
  });
  return [...lines, `${name} check ${isWell ? "passed" : "failed"}`, ""].join("\n");
}
