import type { FastifyReply, FastifyRequest } from "fastify";

/**
 * Makes a hook of Fastify that is done when `run` returns, and that refuses the request if it throws: none of the hooks
 * has anything to wait for.
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
