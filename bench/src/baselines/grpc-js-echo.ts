/** The least that grpc-js does: an answer as large as that of a mint, whose bytes it only passes on. */
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { mintResponse } from "./mint-response.ts";

const asIs = (bytes: Buffer) => bytes;
const server = new Server();
server.addService(
  {
    mint: {
      path: "/mintmark.v1.TokenService/Mint",
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  },
  { mint: (_call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => callback(null, mintResponse) },
);
server.bindAsync(`127.0.0.1:${process.argv[2]}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
