//! The HTTP port: the way in for WebSocket, the site, and what watches over the server.
//!
//! ```text
//! GET /ws       WebSocket, see `websocket`; so does / where the request asks for an upgrade
//! GET /health   JSON: up, since when, with how much
//! GET /metrics  the counters of INFO, for Prometheus
//! GET /...      the files of --site
//! ```
//!
//! axum's handlers must be able to move between threads, and the engine must not: they ask over a
//! channel, and are answered by a task beside the engine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;

use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::ConnectInfo;
use axum::extract::ws::{WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tower_http::services::ServeDir;
use tower_service::Service;
use tracing::{info, warn};

use super::host::{Host, Peer};
use super::origin::AllowedOrigins;
use super::{metrics, websocket};
use crate::db::Resp;

/// Questions under way at a time; further requests wait.
const MOST_QUESTIONS: usize = 64;

/// What a handler needs of the engine.
enum Question {
    Health(oneshot::Sender<String>),
    Metrics(oneshot::Sender<String>),
    Session(Box<WebSocket>, Peer),
}

#[derive(Clone)]
struct Front {
    questions: mpsc::Sender<Question>,
    origins: AllowedOrigins,
    site: Option<PathBuf>,
    local_address: SocketAddr,
}

/// Serves a listener for as long as the server runs.
pub fn start(host: &Rc<Host>, listener: TcpListener) -> std::io::Result<()> {
    let (questions, asked) = mpsc::channel(MOST_QUESTIONS);
    let front = Front {
        questions,
        origins: AllowedOrigins::new(&host.settings.allowed_origins),
        site: host.settings.site.clone(),
        local_address: listener.local_addr()?,
    };
    tokio::task::spawn_local(answer(Rc::clone(host), asked));
    let router = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(show_metrics))
        .route("/ws", any(upgrade))
        .route("/", any(upgrade_or_site))
        .fallback(serve_file)
        .with_state(front)
        .into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            warn!("HTTP is no longer served: {error}");
        }
    });
    Ok(())
}

/// The engine's side of the channel.
async fn answer(host: Rc<Host>, mut asked: mpsc::Receiver<Question>) {
    while let Some(question) = asked.recv().await {
        // Who asked may have gone.
        match question {
            Question::Health(asker) => drop(asker.send(metrics::health(&host))),
            Question::Metrics(asker) => drop(asker.send(metrics::prometheus(&host))),
            Question::Session(socket, peer) => {
                let host = Rc::clone(&host);
                tokio::task::spawn_local(
                    async move { websocket::serve(&host, *socket, peer).await },
                );
            }
        }
    }
}

async fn health(State(front): State<Front>) -> Response {
    let text = front.ask(Question::Health).await;
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

async fn show_metrics(State(front): State<Front>) -> Response {
    let text = front.ask(Question::Metrics).await;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn upgrade(
    State(front): State<Front>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    match upgrade {
        Ok(upgrade) => front.let_in(address, &headers, upgrade),
        Err(rejection) => rejection.into_response(),
    }
}

async fn upgrade_or_site(
    State(front): State<Front>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Response {
    match upgrade {
        Ok(upgrade) => front.let_in(address, &headers, upgrade),
        Err(_) => serve_file(State(front), request).await,
    }
}

/// `ServeDir` never leaves its folder, whatever the path says.
async fn serve_file(State(front): State<Front>, request: Request) -> Response {
    let Some(site) = front.site else {
        return (StatusCode::NOT_FOUND, "no site here: see --site\n").into_response();
    };
    match ServeDir::new(site).call(request).await {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    }
}

impl Front {
    async fn ask(&self, question: fn(oneshot::Sender<String>) -> Question) -> String {
        let (asker, answer) = oneshot::channel();
        // Both fail only while the server ends.
        let _ = self.questions.send(question(asker)).await;
        answer.await.unwrap_or_default()
    }

    /// Opens a WebSocket, if the page that asks is one of ours.
    fn let_in(
        &self,
        address: SocketAddr,
        headers: &HeaderMap,
        upgrade: WebSocketUpgrade,
    ) -> Response {
        let text = |name| {
            let value: Option<&header::HeaderValue> = headers.get(name);
            value.and_then(|value| value.to_str().ok())
        };
        let origin = headers.get(header::ORIGIN);
        let is_allowed = match origin {
            // Browsers always send it: this is none, and could send any.
            None => true,
            Some(_) => self.origins.allow(text(header::ORIGIN), text(header::HOST)),
        };
        if !is_allowed {
            info!("{address} is turned away: a page of {origin:?} is not in --allow-origin");
            return (StatusCode::FORBIDDEN, "this origin is not allowed\n").into_response();
        }
        let peer = Peer {
            address,
            local_address: self.local_address,
            resp: Resp::Three,
        };
        let questions = self.questions.clone();
        websocket::bounded(upgrade).on_upgrade(move |socket| async move {
            let _ = questions
                .send(Question::Session(Box::new(socket), peer))
                .await;
        })
    }
}
