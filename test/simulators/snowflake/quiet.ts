// Read by the driver when it is loaded: no probing of cloud metadata services, no native module, no directory in the user's home.
import { tmpdir } from "node:os";

process.env["SNOWFLAKE_DISABLE_PLATFORM_DETECTION"] = "true";
process.env["SNOWFLAKE_DISABLE_MINICORE"] = "true";
process.env["SF_OCSP_RESPONSE_CACHE_DIR"] ??= tmpdir();
