import { create, toBinary } from "@bufbuild/protobuf";
import { MintRequestSchema } from "../../../gen/mintmark/v1/token_service_pb.ts";
import type { Comparison } from "../comparison.ts";
import type { Contender } from "../contender.ts";
import { anyOf } from "../load/form.ts";
import { driveGrpc, type GrpcLoad } from "../load/http2.ts";
import type { Options } from "../options.ts";
import { CREDENTIALS } from "../services/credentials.ts";
import { startMintmark } from "../services/mintmark.ts";
import { startProgram } from "../services/program.ts";

const CONNECTIONS = 4;
const basic = Buffer.from(`${CREDENTIALS.client_id}:${encodeURIComponent(CREDENTIALS.client_secret)}`).toString(
  "base64",
);

const messages = Array.from({ length: 256 }, (_, subject) =>
  toBinary(
    MintRequestSchema,
    create(MintRequestSchema, {
      tenant: "es256",
      grantType: "arbitrary_resource_owner",
      subject: `user-${subject}`,
      scopes: ["nitro"],
      arbitraryClaims: { role: ["admin"] },
    }),
  ),
);

const mintmark: Contender = {
  name: "mintmark",
  open: async (options) => {
    const service = await startMintmark(options);
    return { measure: (seconds) => measure(service.rpcPort, options, seconds), close: service.stop };
  },
};

/** Minting over gRPC. */
export const grpcWorkloads: readonly Comparison[] = [
  {
    name: "grpc-mint-es256",
    unit: "/s",
    subject: mintmark,
    baselines: [
      { contender: echo("Connect echo", "baselines/connect-echo.ts"), bound: { atLeast: 2 } },
      { contender: echo("grpc-js echo", "baselines/grpc-js-echo.ts"), bound: { atLeast: 0.5 } },
    ],
  },
];

function echo(name: string, file: string): Contender {
  return {
    name,
    open: async (options) => {
      const service = await startProgram(file);
      return { measure: (seconds) => measure(service.port, options, seconds), close: service.stop };
    },
  };
}

async function measure(port: number, { connections }: Options, seconds: number): Promise<number> {
  const load: GrpcLoad = {
    port,
    connections: CONNECTIONS,
    streams: Math.ceil(connections / CONNECTIONS),
    path: "/mintmark.v1.TokenService/Mint",
    metadata: { authorization: `Basic ${basic}` },
    message: () => anyOf(messages),
  };
  return (await driveGrpc(load, seconds)).rate;
}
