import { create, toBinary } from "@bufbuild/protobuf";
import { MintResponseSchema } from "../../../gen/mintmark/v1/token_service_pb.ts";

/** An answer as large as that of a mint with ES256. */
export const mintResponse = Buffer.from(
  toBinary(
    MintResponseSchema,
    create(MintResponseSchema, { accessToken: "x".repeat(700), tokenType: "Bearer", scopes: ["nitro"] }),
  ),
);
