/** Why a result is left out of a message, and where it is. */
export function resultOmitted(jobId: string, sizeBytes: bigint | number, why: string): string {
  return `The result of ${sizeBytes} bytes is left out: ${why}. GetJobResult streams it, over REST GET /v1/jobs/${jobId}/result`;
}
