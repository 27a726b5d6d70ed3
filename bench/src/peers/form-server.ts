import { createServer, type IncomingHttpHeaders } from "node:http";

/** A posted form. */
export interface Post {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: Readonly<Record<string, string>>;
}

/** Serves JSON for forms, on the port of the first argument, for libraries that leave HTTP to others. */
export function serveForms(answer: (post: Post) => Promise<object>): void {
  createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
      let status = 200;
      const answered = await answer({ path: request.url ?? "", headers: request.headers, form }).catch((error) => {
        status = 500;
        return { error: String(error) };
      });
      const body = JSON.stringify(answered);
      response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
      response.end(body);
    });
  }).listen(Number(process.argv[2]), "127.0.0.1");
}
