/** Added to the last `seq` known by a gateway that decides in the place of a lost node: beyond whatever that published and nobody recorded. */
export const SEQ_LEAP = 1_000_000;
