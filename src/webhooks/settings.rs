use clap::Args;
use ipnet::IpNet;

use crate::client_address;

/// Where webhooks may be sent to.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Webhooks")]
pub struct WebhookSettings {
    /// Addresses or networks, separated by commas, that webhooks may be sent to although they are not public, such as those of
    /// an intranet. Nobody's by default: an admin of a newsroom could else reach what only this machine can.
    #[arg(
        long = "webhook-networks",
        env = "ONRECORD_WEBHOOK_NETWORKS",
        id = "webhook-networks",
        value_delimiter = ',',
        value_parser = client_address::network
    )]
    pub networks: Vec<IpNet>,

    /// Also send webhooks to http addresses, which anybody on the way can read. Only for receivers in a network of yours.
    #[arg(long = "webhook-http", env = "ONRECORD_WEBHOOK_HTTP", id = "webhook-http")]
    pub http: bool,
}
