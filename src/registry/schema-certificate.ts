import * as z from "zod";
import { canonicalAddress } from "../possession/client-certificate.ts";
import { expected } from "../schema/explain.ts";
import { filledIn } from "../schema/fields.ts";
import type { CertificateName } from "./possession.ts";

/** The types of names, in the words of RFC 8705 section 2.1.2. */
const KINDS = {
  subjectDn: "subject",
  sanDns: "dns",
  sanUri: "uri",
  sanIp: "ip",
  sanEmail: "email",
} as const satisfies Readonly<Record<string, CertificateName["kind"]>>;

type NameType = keyof typeof KINDS;

const TYPES = Object.keys(KINDS) as readonly NameType[];

/** The one name by which a certificate of a trusted authority is that of the client. */
export const certificateName = z.strictObject({
  type: z
    .enum(TYPES, expected(TYPES.join(", ")))
    .describe("What name it is: the subject, or a DNS name, URI, IP address or email address among the others"),
  value: filledIn.describe(
    "The name itself, which must be that exactly; a subject as RFC 4514 has it, such as CN=billing,O=Example",
  ),
});

/** The thumbprint of a certificate. */
export const certificateThumbprint = z
  .string(expected("a thumbprint"))
  .regex(/^[A-Za-z0-9_-]{43}$/, expected("the SHA-256 of a certificate's DER, base64url (x5t#S256)"));

/** The name as the client has it; undefined if none is configured. */
export function certificateNameOf(name: z.output<typeof certificateName> | undefined): CertificateName | undefined {
  if (name === undefined) return undefined;
  const kind = KINDS[name.type];
  return { kind, value: kind === "ip" ? canonicalAddress(name.value) : name.value };
}
