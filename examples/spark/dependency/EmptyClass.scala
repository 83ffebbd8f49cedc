/** What jobJarDependenciesJob needs from another jar. */
class EmptyClass
