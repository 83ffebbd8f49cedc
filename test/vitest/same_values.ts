/** Property tests use the same values in every run, so that results depend on the code alone. */
import { configureGlobal } from "fast-check";

configureGlobal({ seed: 20_261_120 });
