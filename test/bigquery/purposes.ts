/** What a call of the library is for, and what it is to the service. */
export interface Purpose {
  /** The kinds of jobs that it comes to; none: it is a request of the REST API. */
  readonly jobs: readonly ("query" | "script" | "load" | "copy")[];
  readonly what: string;
}

/** By the word that stands in the comment of a query, and in the name of a load or a copy job. */
export const purposes: Readonly<Record<string, Purpose>> = {
  createSchema: { jobs: [], what: "makes the ledger's dataset, once; the dataset of a sandbox" },
  dropSchema: { jobs: [], what: "drops a sandbox with all that is in it" },
  hasSchema: { jobs: [], what: "looks if the name of a sandbox is taken" },
  create: { jobs: [], what: "makes a table that is missing: the journal, images, a live table that does not exist yet" },
  seed: { jobs: ["query"], what: "makes the lease and the turn of claims, once" },
  lease: { jobs: ["script"], what: "takes the lease, by an UPDATE that must change one row, and reads lease and journal" },
  readState: { jobs: ["query"], what: "reads lease and journal, where nothing is to be changed" },
  readLease: { jobs: ["query"], what: "looks who has the lease now" },
  renew: { jobs: ["query"], what: "pushes the end of the lease on, while a source is slow" },
  free: { jobs: ["query"], what: "gives the lease up, where the publishing block has not done so" },
  claim: { jobs: ["script"], what: "takes a table for this pipeline" },
  readClaims: { jobs: ["query"], what: "looks which pipeline a table belongs to" },
  describe: {
    jobs: [],
    what: "reads a table's columns, partitions and properties; before a clone or a swap also its access and row policies",
  },
  list: { jobs: [], what: "finds tables that an interrupted owner left" },
  count: { jobs: ["query"], what: "counts the rows of a table, for no bytes" },
  stage: {
    jobs: ["query", "load"],
    what: "makes the delta and fills it: rows and text files by one load job, Parquet files by one each and a query, a query by itself",
  },
  inspect: { jobs: ["query"], what: "looks at a large delta: NULL keys, repeated keys, the highest cursor" },
  partitions: { jobs: ["query"], what: "lists the partitions that a large delta has rows of" },
  append: { jobs: ["query"], what: "joins the rows of two loads into one release" },
  fold: { jobs: ["query"], what: "keeps one row a key of a delta that repeats keys" },
  publish: { jobs: ["script"], what: "the publishing transaction" },
  load: { jobs: ["script"], what: "brings a load into a candidate, in one transaction" },
  validate: { jobs: ["script"], what: "the checks, rehearsed and rolled back" },
  clone: { jobs: ["copy"], what: "makes a candidate of live: a clone, or a copy at the end of a chain of clones" },
  transform: { jobs: ["query"], what: "the application's own statement on a candidate" },
  swap: {
    jobs: ["script", "copy"],
    what: "decides a swap in one transaction; then `cutover_keep_…` keeps live aside, and `cutover_swap_…` overwrites it",
  },
  rename: { jobs: ["query"], what: "gives a table that an interrupted swap left the name that it is looked for under" },
  scan: { jobs: ["query"], what: "reads rows and checksum of a whole table" },
  record: { jobs: ["script"], what: "writes an event to the journal, under the fence" },
  rollback: { jobs: ["script"], what: "goes back in one transaction" },
  redo: { jobs: ["script"], what: "goes forward again in one transaction" },
  restore: { jobs: ["query"], what: "makes a candidate of live as it was, from time travel" },
  compactable: { jobs: ["query"], what: "counts what a snapshot makes superfluous" },
  prune: { jobs: ["script"], what: "forgets images, and compacts the journal, under the fence" },
  view: { jobs: ["query"], what: "makes a view of the ledger, or makes it anew" },
  dropView: { jobs: ["query"], what: "drops a view of images that are all gone" },
  findEvents: { jobs: ["query"], what: "looks up events of the journal" },
  audit: { jobs: ["script"], what: "holds recorded against found" },
  adopt: { jobs: ["script"], what: "takes a baseline" },
  check: { jobs: ["script"], what: "runs the checks against live" },
  drop: { jobs: [], what: "drops a delta, a candidate, or a version that is no longer kept" },
  recall: { jobs: ["query"], what: "brings back what a rollback over rows of others shall restore" },
  forget: { jobs: ["query"], what: "removes the images of releases that are no longer kept" },
  countFresh: { jobs: ["query"], what: "counts the rows for a quarantine that it does not have already" },
  readAside: { jobs: ["query"], what: "reads rows of a quarantine, a page at a time" },
  dismiss: { jobs: ["script"], what: "gives rows of a quarantine up, under the fence" },
  clean: { jobs: ["script"], what: "forgets images under the fence" },
  offenders: { jobs: ["query"], what: "looks up samples for a failed check" },
  diff: { jobs: ["query"], what: "reads the difference of two releases" },
  query: { jobs: ["query"], what: "reads for a report" },
};
