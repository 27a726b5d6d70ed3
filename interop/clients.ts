import { join } from "node:path";
import type { Client } from "./client.ts";
import { go, java, node, python, type Toolchain } from "./toolchains.ts";
import { verifiers } from "./verifiers.ts";

/** Every client, each in a folder of its name. */
export const clients: readonly Client[] = [
  ofFolder("oauth4webapi", node),
  ofFolder("openid-client", node),
  ofFolder("dpop", node),
  ofFolder("mutual-tls", node),
  ofFolder("authlib", python),
  ofFolder("joserfc", python),
  ofFolder("go-oauth2", go),
  ofFolder("zitadel-oidc", go),
  ofFolder("go-spiffe", go),
  { ...ofFolder("caddy", go), isSlow: true },
  ofFolder("nimbus", java),
  ofFolder("spring-security", java),
  ...verifiers,
];

function ofFolder(name: string, toolchain: Toolchain): Client {
  return { name, source: join(import.meta.dirname, name), toolchain };
}
