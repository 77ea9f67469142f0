// Each visit writes a line into the database, and is told how many there are.
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const { Pool } = require("pg");

const password = fs.readFileSync("/run/secrets/board_password", "utf8").trim();
const pool = new Pool({ host: "db", user: "board", database: "board", password, max: 4 });
pool.on("error", (error) => console.error(error.message)); // an idle connection that the database closed

async function answer(path) {
  if (path === "/healthz") {
    await pool.query("SELECT 1");
    return "ok\n";
  }
  await pool.query("CREATE TABLE IF NOT EXISTS line (number serial PRIMARY KEY)");
  const { rows } = await pool.query("INSERT INTO line DEFAULT VALUES RETURNING number");
  return `line ${rows[0].number}, by ${os.hostname()}\n`;
}

const server = http.createServer((request, response) => {
  answer(request.url).then(
    (text) => response.end(text),
    (error) => response.writeHead(503).end(`${error.message}\n`),
  );
});
process.on("SIGTERM", () => server.close(() => process.exit(0)));
server.listen(8000);
