/** A class that jobJarDependenciesJob needs from another jar. */
class EmptyClass
