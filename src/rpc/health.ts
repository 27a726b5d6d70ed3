import type { ServiceImpl } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.ts";

/** Whether this process can serve. */
export interface Readiness {
  isReady(): Promise<boolean>;
  /** Calls the listener whenever that may have changed, until the returned function is called. */
  onChange(listener: () => void): () => void;
}

/**
 * The health of the services with those names, and of the whole server under the name "" (`grpc.health.v1`). Either all
 * of them serve or none does.
 */
export function healthService(readiness: Readiness, names: readonly string[]): ServiceImpl<typeof Health> {
  const known: ReadonlySet<string> = new Set(["", ...names]);

  async function overall(): Promise<Status> {
    return (await readiness.isReady()) ? Status.SERVING : Status.NOT_SERVING;
  }

  return {
    async check({ service }) {
      if (!known.has(service)) throw new ConnectError("Unknown service.", Code.NotFound);
      return { status: await overall() };
    },
    async *watch({ service }, { signal }) {
      let change = Promise.withResolvers<void>();
      const wake = () => change.resolve();
      const stop = readiness.onChange(wake);
      signal.addEventListener("abort", wake);
      let told: Status | undefined;
      try {
        while (!signal.aborted) {
          change = Promise.withResolvers();
          const status = known.has(service) ? await overall() : Status.SERVICE_UNKNOWN;
          if (status !== told) yield { status };
          told = status;
          await change.promise;
        }
      } finally {
        stop();
      }
    },
    async list() {
      const status = await overall();
      return { statuses: Object.fromEntries(Array.from(known, (name) => [name, { status }])) };
    },
  };
}
