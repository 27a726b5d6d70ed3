import type { FastifyInstance, FastifyReply } from "fastify";
import type { PerformedOperations, TenantEngine } from "../engine/port.ts";
import type { Caller } from "../engine/request.ts";
import { arrivalOf } from "../wire/arrival.ts";
import { fieldValues } from "../wire/fields.ts";
import { UNCACHED } from "../wire/headers.ts";
import { MAX_BODY_BYTES } from "../wire/limits.ts";
import { type Endpoint, tenantPaths } from "./endpoint.ts";
import { HttpRefusal } from "./errors.ts";
import { FORM_TYPE, type Form, parseForm, requireFormType } from "./form.ts";

type Operation = keyof PerformedOperations;

/**
 * Serves an endpoint to which clients post a form with their credentials. Sends what `answer` resolves to, which no cache
 * may keep: an object as JSON, a text as the type that `answer` has set. `operation`: what a form asks for, or what all of
 * them do.
 */
export function formEndpoint(
  path: string,
  operation: Operation | ((form: Form) => Operation),
  answer: (tenant: TenantEngine, form: Form, caller: Caller, reply: FastifyReply) => Promise<object | string>,
): Endpoint {
  return {
    paths: tenantPaths(path),
    methods: ["POST"],
    operation: typeof operation === "string" ? operation : undefined,
    check: ({ raw }) => requireForm(raw.rawHeaders),
    async handle(tenant, request, reply) {
      const arrival = arrivalOf(request.raw);
      const form = parseForm(request.body as Buffer);
      if (typeof operation === "function") arrival.operation = operation(form);
      const answered = await answer(tenant, form, { ...arrival.caller, ...credentialsIn(form) }, reply);
      return reply.headers(UNCACHED).send(answered);
    },
  };
}

/**
 * The credentials that a form may contain, instead of or besides an `Authorization` header (RFC 6749 section 2.3.1, RFC
 * 7521 section 4.2). An assertion in the header counts for RPCs only: a form's is in the form.
 */
function credentialsIn(
  form: Form,
): Pick<Caller, "clientId" | "clientSecret" | "clientAssertion" | "clientAssertionType"> {
  return {
    clientId: form.get("client_id"),
    clientSecret: form.get("client_secret"),
    clientAssertion: form.get("client_assertion"),
    clientAssertionType: form.get("client_assertion_type"),
  };
}

/**
 * Refuses anything but a plain form. Looks at all fields of the header, as Node's `headers` has only the first of
 * several.
 */
function requireForm(fields: readonly string[]): void {
  requireFormType(fieldValues(fields, "content-type"));
  const encodings = fieldValues(fields, "content-encoding");
  if (encodings.every((encoding) => /^(?:identity)?$/i.test(encoding.trim()))) return;
  throw new HttpRefusal(415, "Content-Encoding is not supported: send the form uncompressed.", {
    "accept-encoding": "identity",
  });
}

/** Makes Fastify read the bodies of forms. */
export function readForms(app: FastifyInstance): void {
  app.addContentTypeParser<Buffer>(
    FORM_TYPE,
    { parseAs: "buffer", bodyLimit: MAX_BODY_BYTES },
    (_request, body, done) => done(null, body),
  );
}
