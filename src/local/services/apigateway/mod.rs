//! API Gateway: REST APIs (v1), HTTP and WebSocket APIs (v2).

pub(crate) mod resource;
