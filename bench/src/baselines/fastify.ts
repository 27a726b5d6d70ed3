/** Fastify with the same job as `node-http.ts`. */
import fastify from "fastify";
import { answer } from "./answer.ts";

const server = fastify();
server.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_request, body, done) =>
  done(null, new URLSearchParams(String(body))),
);
server.post("/*", (request, reply) => {
  const form = request.body as URLSearchParams;
  reply
    .header("cache-control", "no-store")
    .type("application/json")
    .send(answer(form.get("client_id")));
});
await server.listen({ port: Number(process.argv[2]), host: "127.0.0.1" });
