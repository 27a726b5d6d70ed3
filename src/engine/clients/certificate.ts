import type { ClientCertificate, PresentedCertificate } from "../../possession/client-certificate.ts";
import type { CertificateName } from "../../registry/possession.ts";
import type { Client } from "../../registry/tenant.ts";
import type { Caller } from "../request.ts";
import { idIn } from "./client-secret.ts";
import type { ClientAuthenticationMethod, MethodContext, Presentation } from "./method.ts";

/** A certificate of an authority that the server trusts, with the name of the client (RFC 8705 section 2.1). */
export const tlsClientAuth: ClientAuthenticationMethod = method("tls_client_auth", {
  mayUse: ({ tlsClientAuth: name }) => name !== undefined,
  isMeant: (certificate, client) => !isRegistered(certificate, client),
  isOwn: (certificate, { tlsClientAuth: name }) =>
    certificate.isVerified && name !== undefined && isNamed(certificate, name),
});

/** A certificate that is registered for the client, whoever issued it (RFC 8705 section 2.2). */
export const selfSignedTlsClientAuth: ClientAuthenticationMethod = method("self_signed_tls_client_auth", {
  mayUse: ({ tlsCertificates }) => tlsCertificates.length > 0,
  isMeant: (certificate, client) => client.tlsClientAuth === undefined || isRegistered(certificate, client),
  isOwn: isRegistered,
});

/** What tells the methods apart. */
interface Kind {
  mayUse(client: Client): boolean;
  /** Whether a client that may use both methods uses this one with the certificate: a request has one method. */
  isMeant(certificate: PresentedCertificate, client: Client): boolean;
  /** Whether a certificate, whose key the caller holds, is that of the client. */
  isOwn(certificate: PresentedCertificate, client: Client): boolean;
}

function method(name: string, { mayUse, isMeant, isOwn }: Kind): ClientAuthenticationMethod {
  return {
    names: [name],
    isSigned: false,
    mayUse,
    read(caller, context): Presentation | undefined {
      const { certificate } = caller;
      // A connection may have a certificate although the request proves something else.
      if (certificate === undefined || hasAssertion(caller)) return undefined;
      const clientId = idIn(caller, context.tenant);
      const named = clientId === undefined ? undefined : context.tenant.clients.get(clientId);
      if (named === undefined || !mayUse(named) || !isMeant(certificate, named)) return undefined;
      const verify = async (client: Client | undefined) =>
        client !== undefined && isOwnNow(certificate, client, context);
      return { method: name, clientId: named.id, proof: "certificate", hasProof: true, verify };
    },
  };

  /** The dates of a certificate that nobody issued are checked by nobody else. */
  function isOwnNow(certificate: PresentedCertificate, client: Client, { clock }: MethodContext): boolean {
    return isWithinDates(certificate, clock.now()) && isOwn(certificate, client);
  }
}

function hasAssertion({ clientAssertion, clientAssertionType }: Caller): boolean {
  return clientAssertion !== undefined || clientAssertionType !== undefined;
}

function isWithinDates({ notBefore, notAfter }: ClientCertificate, now: number): boolean {
  return notBefore <= now && now <= notAfter;
}

function isRegistered({ thumbprint }: ClientCertificate, { tlsCertificates }: Client): boolean {
  return tlsCertificates.includes(thumbprint);
}

function isNamed({ subject, names }: ClientCertificate, { kind, value }: CertificateName): boolean {
  return kind === "subject" ? subject === value : names[kind].includes(value);
}
