import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import { ServiceUnavailableError } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { type AddressOptions, askService, withAddress } from "./remote/connection.ts";

/**
 * `mintmark healthcheck`: tells whether a service is ready, by `grpc.health.v1`, for the program that supervises it.
 */
export function healthcheck(io: Io): Command {
  const command = new Command("healthcheck")
    .summary("Check whether a service is ready")
    .description(
      "Check whether a service is ready. The exit code is 0 if it is, and 3 if it is not or does not respond. No " +
        "credentials are needed. On loopback, any certificate is accepted, because nothing secret is sent.",
    )
    .action(async (options: AddressOptions) => {
      const { Health, HealthCheckResponse_ServingStatus: Status } = await import(
        "../../gen/grpc/health/v1/health_pb.ts"
      );
      const { status } = await askService(io, options, Health, (service) => service.check({}));
      if (status !== Status.SERVING)
        throw new ServiceUnavailableError("The service is not ready. See its log for the reason.");
      io.stdout.write("The service is ready.\n");
    });
  return withExamples(withAddress(command, "the gateway"), [
    ["mintmark healthcheck", "Check the service on this machine"],
    ["mintmark healthcheck --address https://127.0.0.1:7001 --timeout 3s", "Use TLS, and wait for at most 3 seconds"],
  ]);
}
