/** Vite turns imported style sheets into one file of the bundle. */
declare module "*.css" {}
