// Sends one message through nodemailer: node send.js HOST PORT TOKEN METHOD starttls|plain FROM TO TAG
const nodemailer = require("nodemailer");

const [host, port, token, method, security, from, to, tag] = process.argv.slice(2);
const transport = nodemailer.createTransport({
  host,
  port: Number(port),
  secure: false,
  ignoreTLS: security === "plain",
  requireTLS: security === "starttls",
  tls: { rejectUnauthorized: false },
  auth: { user: token, pass: token },
  authMethod: method,
});

transport
  .sendMail({
    from,
    to,
    bcc: "hidden@elsewhere.example",
    subject: "Grüße",
    text: "Hello €",
    html: "<p>Hello €</p>",
    headers: { "X-PM-Tag": tag, "X-PM-Metadata-color": "blue" },
    attachments: [{ filename: "a.txt", content: "attached" }],
  })
  .then((sent) => console.log(sent.response))
  .catch((problem) => {
    console.error(problem.message);
    process.exit(1);
  });
