/** The least that a gateway does: parses a form, and answers 900 bytes of JSON. */
import { createServer } from "node:http";
import { answer } from "./answer.ts";

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const body = answer(form.get("client_id"));
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
    });
    response.end(body);
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
