import OpsReport
import Testing
