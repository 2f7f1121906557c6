// What stands in /openapi.json, and no description from anywhere else.
window.addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({ url: "/openapi.json", dom_id: "#reference", deepLinking: true, queryConfigEnabled: false });
});
