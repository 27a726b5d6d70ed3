import type { FastifyReply, FastifyRequest } from "fastify";

/**
 * Makes a hook of Fastify that is done when `run` returns, and that refuses the request if it throws. A promise for each
 * hook would take a request 5 % longer.
 */
export function hook(run: (request: FastifyRequest, reply: FastifyReply) => void) {
  return (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    try {
      run(request, reply);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  };
}
