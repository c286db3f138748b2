// What the server handed this page, and questions to the server.

const place = document.getElementById("page-data");
export const PAGE = place ? JSON.parse(place.textContent) : {};

export class Refused extends Error {
  constructor(status, answer) {
    super(answer.error || `the server answered ${status}`);
    this.status = status;
    this.answer = answer;
  }
}

export async function ask(method, path, body) {
  const options = { method, headers: { accept: "application/json" } };
  if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(PAGE.api + path, options);
  } catch {
    throw new Refused(0, {
      error: "the server cannot be reached; your draft is still here",
    });
  }
  let answer = {};
  try {
    answer = await response.json();
  } catch {
    if (response.ok) answer = { error: "the server's answer could not be read" };
  }
  if (response.status === 401)
    answer.error = "you are logged out; log in in another tab, then try again";
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}
