declare module "*.css" {
  const text: string; // in tests; in the page a style sheet is beside the script
  export default text;
}
