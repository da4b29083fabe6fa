"""The status page: one file without outside resources, which asks /v1/overview again and again."""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>backprop</title><style>
:root { color-scheme: light dark; --line: #8884; --bar: #3b82f6; --bad: #dc2626; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1rem; margin: 2rem 0 .5rem }
#about { opacity: .7 } table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line) }
th { font-weight: 600 } td.n { font-variant-numeric: tabular-nums }
progress { width: 10rem; accent-color: var(--bar) } .failed, .expired, #trouble { color: var(--bad) }
.empty { opacity: .6 }
</style></head><body>
<h1>backprop</h1><div id="about"></div><div id="trouble" role="alert"></div>
<h2>Clients</h2><table id="clients"></table>
<h2>Waiting and running</h2><table id="active"></table>
<h2>Latest</h2><table id="latest"></table>
<script>
"use strict";
let token = sessionStorage.getItem("token");
function cell(row, value, name) {
  const td = row.appendChild(document.createElement("td"));
  if (value instanceof Node) td.appendChild(value); else td.textContent = value;
  if (name) td.className = name;
}
function table(id, heads, rows) {
  const found = document.getElementById(id);
  found.replaceChildren();
  if (!rows.length) { const row = found.insertRow(); cell(row, "none", "empty"); return; }
  const head = found.createTHead().insertRow();
  for (const text of heads) { const th = document.createElement("th"); th.textContent = text; head.appendChild(th); }
  const body = found.createTBody();
  for (const [values, name] of rows) {
    const row = body.insertRow();
    for (const value of values) cell(row, value, name || "n");
  }
}
function bar(run) {
  const found = document.createElement("progress");
  if (run.tasks !== null && run.tasks !== undefined) { found.max = run.tasks || 1; found.value = run.done || 0; }
  return found;
}
function seconds(run) { return run.ended === null ? "" : (run.ended - run.submitted).toFixed(3) + " s"; }
function show(state) {
  document.getElementById("about").textContent =
    `version ${state.version}, ${state.workers} workers on ${state.executor}`;
  table("clients", ["client", "waiting", "running"],
        Object.entries(state.clients).map(([name, [waits, runs]]) => [[name, waits, runs]]));
  table("active", ["client", "run", "state", "progress"],
        state.active.slice(0, 50).map(run => [[run.client, run.key, run.state, bar(run)]]));
  table("latest", ["client", "run", "state", "time", "problem"],
        state.latest.map(run => [[run.client, run.key, run.state, seconds(run),
                                  run.problem ? run.problem.detail : ""], run.state]));
}
async function look() {
  const trouble = document.getElementById("trouble");
  try {
    const headers = token ? { authorization: "Bearer " + token } : {};
    const answer = await fetch("v1/overview", { headers });
    if (answer.status === 401) {
      token = prompt("The token of this service:") || "";
      sessionStorage.setItem("token", token);
    } else { show(await answer.json()); trouble.textContent = ""; }
  } catch (error) { trouble.textContent = "The service does not answer: " + error.message; }
  setTimeout(look, 1000);
}
look();
</script></body></html>
"""
