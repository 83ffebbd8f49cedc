/** Properties are tried with the same values in every run: what a run says depends on the code alone. */
import { configureGlobal } from "fast-check";

configureGlobal({ seed: 20_261_120 });
