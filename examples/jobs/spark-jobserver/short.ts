import type { Job } from "hearth";

export const NoOpJob: Job = () => 1;

export const VeryShortDoubleJob: Job = () => [1, 2, 3].map((number) => number * 2);

export const SimpleObjectJob: Job = () => [1, 2, 3].reduce((sum, number) => sum + number);

export const JavaHelloWorldJob: Job = () => "Hi!";

/** Animals, each as the array of its fields. */
export const ZookeeperJob: Job = () => [["horse"]];

/** Counts the instances of a class of this binary. In spark-jobserver the class is in another jar. */
export const jobJarDependenciesJob: Job = () => {
  const instances = [new EmptyClass(), new EmptyClass(), new EmptyClass()];
  return { [EmptyClass.name]: instances.length };
};

class EmptyClass {}
