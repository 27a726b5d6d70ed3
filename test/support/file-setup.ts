import { afterAll, expect } from "vitest";
import { tidyUp } from "./at-end.ts";
import { takeLeaks } from "./leaks.ts";

// Whatever a test file is about, nothing confidential reaches what its services write.
afterAll(() => expect(takeLeaks()).toEqual([]));

afterAll(tidyUp);
