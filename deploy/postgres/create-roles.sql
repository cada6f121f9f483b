-- Owns who may log in to the registry's database; run once, by the superuser, when the database volume is created.
-- What the roles may do to tables is the migrations' matter. Passwords come from the container's environment.
\getenv owner_password REGISTRY_OWNER_PASSWORD
\getenv login_password REGISTRY_LOGIN_PASSWORD

-- The owner migrates: it owns the database, and makes the roles that the service changes between.
CREATE ROLE registry_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE DATABASE registry OWNER registry_owner;
REVOKE ALL ON DATABASE registry FROM PUBLIC;

-- Made in the owner's name, so that the migrations may grant to it.
SET ROLE registry_owner;
CREATE ROLE registry_service NOLOGIN NOINHERIT;
RESET ROLE;

-- What the service logs in as. It inherits nothing: every session first becomes registry_service.
CREATE ROLE registry_login LOGIN NOINHERIT PASSWORD :'login_password' IN ROLE registry_service;
GRANT CONNECT ON DATABASE registry TO registry_login;
