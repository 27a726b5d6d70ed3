/** The least that Connect does: parses a mint's request, and answers with the same message each time, over gRPC. */
import { createServer } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { MintResponseSchema, TokenService } from "../../../gen/mintmark/v1/token_service_pb.ts";
import { mintResponse } from "./mint-response.ts";

const answer = fromBinary(MintResponseSchema, mintResponse);
createServer(connectNodeAdapter({ routes: (router) => router.service(TokenService, { mint: () => answer }) })).listen(
  Number(process.argv[2]),
  "127.0.0.1",
);
