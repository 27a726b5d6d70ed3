import { once } from "node:events";
import { createServer } from "node:net";
import { type Address, formatAddress } from "../base/address.ts";
import { ConfigError } from "../schema/problems.ts";

/** Why listening on an address fails, by the system's code, for causes that an operator can fix. */
const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process is using it",
  EACCES: "this process may not listen there",
  EADDRNOTAVAIL: "this machine does not have that address",
  ENOTFOUND: "the name does not exist",
  EAI_AGAIN: "no name server answered",
  EAFNOSUPPORT: "this machine does not support that kind of address",
  EINVAL: "the system does not accept it",
  EMFILE: "this process has too many open files",
};

const OTHER = "the system does not allow it";

/** grpc-js's message for an unknown name, which has no code. */
const UNRESOLVED = "Name resolution failed";

/** What an address is for: part of the names of its settings. */
type Setting = "HTTP" | "RPC" | "OPERATOR" | "MANAGEMENT";

/** The addresses that a service listens on. */
interface Addresses {
  readonly httpAddress: Address;
  readonly rpcAddress: Address;
  readonly operatorAddress: Address | undefined;
  readonly managementAddress: Address;
}

/**
 * Listens on a configured address. If that fails, throws a ConfigError that names the setting and says why.
 */
export async function listening<T>(
  setting: Setting,
  address: Address,
  listen: (address: Address) => Promise<T>,
): Promise<T> {
  try {
    return await listen(address);
  } catch (error) {
    const code = Object.keys(reasons).find((known) => tells(error, known)) ?? systemCode(error);
    if (code === undefined) throw error;
    const where = `MINTMARK_${setting}_ADDRESS (${setting.toLowerCase()}Address)`;
    throw new ConfigError([
      `${where}: cannot listen on ${formatAddress(address)}: ${reasons[code] ?? OTHER} (${code})`,
    ]);
  }
}

/**
 * Fails a start that could not open its doors before it makes keys, or anything else, in the store. Throws a ConfigError
 * with a line for each address that cannot be had.
 */
export async function tryAddresses(addresses: Addresses): Promise<void> {
  const problems: string[] = [];
  const attempts = [
    ["HTTP", addresses.httpAddress],
    ["RPC", addresses.rpcAddress],
    ["OPERATOR", addresses.operatorAddress],
    ["MANAGEMENT", addresses.managementAddress],
  ] as const;
  for (const [setting, address] of attempts) {
    if (address === undefined) continue;
    try {
      await listening(setting, address, tryAddress);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

/** Listens on an address for a moment. */
async function tryAddress({ host, port }: Address): Promise<void> {
  const server = createServer();
  await once(server.listen(port, host), "listening");
  await once(server.close(), "close");
}

/** Whether an error has a code. In errors of grpc-js, only the message contains it. */
function tells(error: unknown, code: string): boolean {
  if (!(error instanceof Error)) return false;
  if (code === "ENOTFOUND" && error.message.startsWith(UNRESOLVED)) return true;
  return "code" in error && typeof error.code === "string" ? error.code === code : error.message.includes(code);
}

/** The code of an error that comes from the operating system, rather than from this program. */
function systemCode(error: unknown): string | undefined {
  const isSystem = error instanceof Error && "syscall" in error && "code" in error;
  return isSystem && typeof error.code === "string" ? error.code : undefined;
}
