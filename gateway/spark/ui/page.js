// The page of the gateway. Shows jobs, contexts and binaries through the public routes. Sets names and messages as text and never as
// markup, because they come from others.

const REFRESH_MS = 3000;
const LIMIT = 100;

/** Readers of each tab: they return rows by the id of their table body. */
const VIEWS = { jobs: readJobs, contexts: readContexts, binaries: readBinaries };

const tabs = [...document.querySelectorAll("[role=tab]")];
const rowsShown = new WeakMap();
let round = new AbortController();
let timer;

for (const tab of tabs) tab.addEventListener("click", () => select(tab));
element("tab-jobs").parentElement.addEventListener("keydown", moveAlongTabs);
addEventListener("hashchange", () => select(tabOfHash()));
document.addEventListener("visibilitychange", refresh);
await select(tabOfHash());

async function readJobs(signal) {
  const read = (status) => call("GET /jobs", { query: { status, limit: LIMIT }, signal });
  const [running, error, killed, finished] = await Promise.all(["running", "error", "killed", "finished"].map(read));
  const ended = (job) => ({ cells: [...jobCells(job), short(job.duration)] });
  return {
    running: running.map((job) => ({ cells: jobCells(job), action: killOf(job) })),
    error: error.map((job) => ({ ...ended(job), error: errorOf(job) })),
    killed: killed.map(ended),
    finished: finished.map(ended),
  };
}

async function readContexts(signal) {
  const names = await call("GET /contexts", { signal });
  const found = await Promise.allSettled(names.map((name) => call("GET /contexts/:name", { path: { name }, signal })));
  const contexts = names.map((name, index) => found[index].value ?? { name, state: found[index].reason.message });
  return {
    "context-rows": contexts.map(({ name, state, startTime, id = "" }) => ({
      cells: [plain(name), plain(state), time(startTime), code(id)],
      action: {
        label: "Stop",
        question: `Stop context ${name}? Its jobs are given time to finish.`,
        route: "DELETE /contexts/:name",
        path: { name },
      },
    })),
  };
}

async function readBinaries(signal) {
  const binaries = Object.entries(await call("GET /binaries", { signal }));
  return {
    "binary-rows": binaries.map(([name, { "binary-type": type, "upload-time": uploaded }]) => ({
      cells: [plain(name), plain(type), time(uploaded)],
      action: {
        label: "Delete",
        question: `Delete all versions of binary ${name}?`,
        route: "DELETE /binaries/:name",
        path: { name },
      },
    })),
  };
}

function jobCells({ jobId, classPath, context, startTime }) {
  const href = `/jobs/${encodeURIComponent(jobId)}`;
  return [{ text: jobId, href, kind: "code short" }, code(classPath), plain(context), time(startTime)];
}

function killOf({ jobId }) {
  return { label: "Kill", question: `Kill job ${jobId}?`, route: "DELETE /jobs/:id", path: { id: jobId } };
}

/** The error of a job, in short and in full. A stack repeats the class and the message. */
function errorOf({ jobId, result }) {
  if (result === undefined) return undefined;
  const { errorClass, message, stack } = result;
  return { key: `error of ${jobId}`, summary: `${errorClass}: ${message}`, stack };
}

function plain(text) {
  return { text, kind: "" };
}

function code(text) {
  return { text, kind: "code" };
}

function short(text) {
  return { text, kind: "short" };
}

function time(when) {
  return { text: when === undefined ? "" : new Date(when).toLocaleString(), when, kind: "short" };
}

/** Sends a request, `METHOD /path/:name`, and returns the response. Rejects with the error as a message. */
async function call(route, { path = {}, query = {}, signal }) {
  const [method, pattern] = route.split(" ");
  const target = pattern.replaceAll(/:(\w+)/g, (_, name) => encodeURIComponent(path[name]));
  const parameters = new URLSearchParams(query).toString();
  const response = await fetch(parameters === "" ? target : `${target}?${parameters}`, { method, signal });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  const body = isJson ? JSON.parse(text) : text;
  if (response.ok) return body;
  throw new Error(
    `${method} ${target}: ${response.status} ${body.result?.message ?? body.result ?? body.message ?? text}`,
  );
}

/** Loads the rows of a tab now and periodically. Abandons the load of the previous tab. */
async function refresh() {
  clearTimeout(timer);
  round.abort();
  if (document.hidden) return;
  round = new AbortController();
  const { signal } = round;
  try {
    const bodies = await VIEWS[shownTab()](signal);
    for (const [id, rows] of Object.entries(bodies)) showRows(element(id), rows);
    showProblem("unread", undefined);
    element("updated").textContent = `Updated ${new Date().toLocaleTimeString()}`;
  } catch (error) {
    if (signal.aborted) return;
    showProblem("unread", `Cannot read ${shownTab()}: ${error.message}`);
  }
  if (!signal.aborted) timer = setTimeout(refresh, REFRESH_MS);
}

/** Performs the action of a button after a confirmation. */
async function act(button, { label, question, route, path }) {
  if (!confirm(question)) return;
  button.disabled = true;
  showProblem("undone", undefined);
  element("done").textContent = "";
  try {
    // The response for a context that is slow to stop is empty.
    const answer = await call(route, { path });
    element("done").textContent = `${label}: ${Object.values(path)[0]} — ${answer === "" ? "begun" : "done"}.`;
  } catch (error) {
    showProblem("undone", error.message);
    button.disabled = false;
  }
  await refresh();
}

/** Replaces rows that have changed and keeps the focus. */
function showRows(body, rows) {
  const text = JSON.stringify(rows);
  if (rowsShown.get(body) === text) return;
  rowsShown.set(body, text);
  const focused = body.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const opened = new Set([...body.querySelectorAll("details[open] > summary")].map(({ dataset }) => dataset.key));
  body.replaceChildren(...(rows.length === 0 ? [emptyRow(body)] : rows.flatMap(createRows)));
  for (const summary of body.querySelectorAll("summary")) summary.parentElement.open = opened.has(summary.dataset.key);
  if (focused === undefined) return;
  const again = [...body.querySelectorAll("[data-key]")].find(({ dataset }) => dataset.key === focused);
  (again ?? tabs.find(({ ariaSelected }) => ariaSelected === "true")).focus();
}

/** The row of an item, followed by a row with its error if it has one. */
function createRows({ cells, action, error }) {
  const row = document.createElement("tr");
  row.append(...cells.map(createCell));
  if (action !== undefined) row.insertCell().append(createButton(action));
  return error === undefined ? [row] : [row, errorRow(error, cells.length)];
}

function createButton(action) {
  const button = document.createElement("button");
  const name = Object.values(action.path)[0];
  button.type = "button";
  button.textContent = action.label;
  button.ariaLabel = `${action.label} ${name}`;
  button.dataset.key = `${action.label} ${name}`;
  button.addEventListener("click", () => act(button, action));
  return button;
}

function errorRow({ key, summary, stack }, columns) {
  const row = document.createElement("tr");
  const cell = row.insertCell();
  cell.colSpan = columns;
  cell.className = "error";
  const details = document.createElement("details");
  const short = document.createElement("summary");
  short.textContent = summary;
  short.dataset.key = key;
  const full = document.createElement("pre");
  full.textContent = stack;
  details.append(short, full);
  cell.append(details);
  return row;
}

function createCell({ text, href, when, kind }) {
  const cell = document.createElement("td");
  cell.className = kind;
  if (href === undefined && when === undefined) {
    cell.textContent = text;
    return cell;
  }
  const inner = document.createElement(href === undefined ? "time" : "a");
  inner.textContent = text;
  if (href === undefined) inner.dateTime = when;
  else {
    inner.href = href;
    inner.dataset.key = href;
  }
  cell.append(inner);
  return cell;
}

function emptyRow(body) {
  const row = document.createElement("tr");
  const cell = row.insertCell();
  cell.colSpan = body.parentElement.tHead.rows[0].cells.length;
  cell.className = "empty";
  cell.textContent = body.dataset.empty;
  return row;
}

function showProblem(id, message) {
  element(id).hidden = message === undefined;
  element(id).textContent = message ?? "";
}

function select(tab) {
  for (const each of tabs) {
    const isShown = each === tab;
    each.ariaSelected = String(isShown);
    each.tabIndex = isShown ? 0 : -1;
    element(each.getAttribute("aria-controls")).hidden = !isShown;
  }
  history.replaceState(undefined, "", `#${shownTab()}`);
  return refresh();
}

/** Arrow keys, Home and End, following the ARIA pattern for tabs (https://www.w3.org/WAI/ARIA/apg/patterns/tabs/). */
function moveAlongTabs(event) {
  const at = tabs.indexOf(document.activeElement);
  const last = tabs.length - 1;
  const next = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[
    event.key
  ];
  if (at < 0 || next === undefined) return;
  event.preventDefault();
  tabs[next].focus();
  return select(tabs[next]);
}

function tabOfHash() {
  return tabs.find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash) ?? tabs[0];
}

function shownTab() {
  return tabs.find(({ ariaSelected }) => ariaSelected === "true").getAttribute("aria-controls");
}

function element(id) {
  return document.getElementById(id);
}
