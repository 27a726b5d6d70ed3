import { createServiceImplSpec, type ServiceImplSpec } from "@connectrpc/connect";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { GrantService } from "../../gen/mintmark/v1/grant_service_pb.ts";
import { KeyService } from "../../gen/mintmark/v1/key_service_pb.ts";
import { RegistryService } from "../../gen/mintmark/v1/registry_service_pb.ts";
import { TokenService } from "../../gen/mintmark/v1/token_service_pb.ts";
import type { Engine } from "../engine/port.ts";
import { grantService } from "./grant-service.ts";
import { healthService, type Readiness } from "./health.ts";
import { keyService } from "./key-service.ts";
import { reflectionServices } from "./reflection.ts";
import { registryService } from "./registry-service.ts";
import { tokenService } from "./token-service.ts";

/** All RPCs, for both servers. */
export function rpcServices(engine: Engine): readonly ServiceImplSpec[] {
  return [...clientServices(engine), ...operatorServices(engine)];
}

/** The RPCs for clients. */
export function clientServices(engine: Engine): readonly ServiceImplSpec[] {
  return [createServiceImplSpec<typeof TokenService>(TokenService, tokenService(engine))];
}

/** The RPCs for operators, which may have their own listener. */
export function operatorServices(engine: Engine): readonly ServiceImplSpec[] {
  return [
    createServiceImplSpec<typeof KeyService>(KeyService, keyService(engine)),
    createServiceImplSpec<typeof GrantService>(GrantService, grantService(engine)),
    createServiceImplSpec<typeof RegistryService>(RegistryService, registryService(engine)),
  ];
}

/** All that one listener serves: the given services, their health, and reflection on all of these. */
export function withStandardServices(
  services: readonly ServiceImplSpec[],
  readiness: Readiness,
): readonly ServiceImplSpec[] {
  const names = services.map(({ service }) => service.typeName);
  const all = [...services, createServiceImplSpec<typeof Health>(Health, healthService(readiness, names))];
  return [...all, ...reflectionServices(all)];
}

/** The name of a call in a path and in the log, for example `mintmark.v1.TokenService/Mint`. */
export function rpcName(method: { readonly name: string; readonly parent: { readonly typeName: string } }): string {
  return `${method.parent.typeName}/${method.name}`;
}
