// Points every client that the suite makes at the server under test.
for (const part of ["dist"]) {
  const { HttpClient } = require(`${process.cwd()}/${part}/client/models`);
  HttpClient.DefaultOptions = { ...HttpClient.DefaultOptions, requestHost: process.env.REQUEST_HOST, useHttps: false };
}
