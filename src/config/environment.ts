import { didYouMean } from "../base/nearest.ts";
import { readShape } from "../schema/explain.ts";
import type { Problems } from "../schema/problems.ts";
import type { Variables } from "../schema/variables.ts";
import { type Environment, environment } from "./schema.ts";

const PREFIX = "MINTMARK_";

/** Variables of the commands that call a service. A service itself ignores them. */
const OF_COMMANDS: readonly string[] = [
  "MINTMARK_ADDRESS",
  "MINTMARK_CA",
  "MINTMARK_CLIENT_ID",
  "MINTMARK_CLIENT_SECRET",
  "MINTMARK_CLIENT_SECRET_FILE",
  "MINTMARK_OPERATOR_ID",
  "MINTMARK_OPERATOR_SECRET",
  "MINTMARK_OPERATOR_SECRET_FILE",
  "MINTMARK_TOKEN",
];

/**
 * Variables that Kubernetes sets for a service whose name begins with `mintmark`. They are not mistakes; nor is a
 * `…_PORT`, but only with a value as Kubernetes sets it.
 */
const SERVICE_LINK = /^MINTMARK_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;
const SERVICE_LINK_PORT = /^(?:tcp|udp|sctp):\/\//;

/** Reads the service's variables; an empty one counts as unset. Returns undefined if one of them is not valid. */
export function readEnvironment(variables: Variables, problems: Problems): Environment | undefined {
  const own = Object.entries(variables).filter(([name, value]) => name.startsWith(PREFIX) && value);
  const known = Object.keys(environment.shape);
  for (const [name, value = ""] of own) {
    if (known.includes(name) || OF_COMMANDS.includes(name) || isServiceLink(name, value)) continue;
    problems.at(name).add(`unknown variable${didYouMean(name.slice(PREFIX.length), known.map(withoutPrefix), PREFIX)}`);
  }
  return readShape(environment, Object.fromEntries(own), problems);
}

function isServiceLink(name: string, value: string): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith("_PORT") && SERVICE_LINK_PORT.test(value));
}

function withoutPrefix(name: string): string {
  return name.slice(PREFIX.length);
}
