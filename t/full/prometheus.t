#!/usr/bin/perl
# A real Prometheus has the figures by nginx, with a key of its own, and what it
# then says of them is what was done.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Http qw(http_request start_server);
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run wait_until);

my ($prometheus) = grep { -x } map { "$_/prometheus" } split /:/, $ENV{PATH};
BAIL_OUT('there is no prometheus') if !$prometheus;

my $house = house(conf => { metrics => 'on' });
my $body = '{"name":"n","integration_type":"linear","auth_data":'
    . '{"access_token":"t"}}';
saved_ok($house->cgi(body => $body), "before the start, $_") for 1 .. 3;
$house->worker;
$house->nginx;
my $key_file = "$house->{dir}/metrics-key";
spew($key_file, $house->admin_ok(qw(key create --user prometheus --scopes
    metrics)) =~ s/\n//r, 0600);

my $conf = "$house->{dir}/prometheus.yml";
spew($conf, <<"YAML");
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: strongroom
    authorization:
      credentials_file: $key_file
    static_configs:
      - targets: ['127.0.0.1:$house->{nginx}{port}']
YAML
my $promtool = run(cmd => [$prometheus =~ s/prometheus\z/promtool/r, qw(check
    config), $conf], env => Strongroom::clean_env());
is($promtool->{exit}, 0, 'promtool takes the configuration')
    || diag($promtool->{err});

my $listens = "$house->{dir}/listens";
my $server = start_server('prometheus', $listens,
    "$house->{dir}/log/prometheus", sub { "127.0.0.1:$_[0]" },
    env => Strongroom::clean_env(HOME => $house->{dir}),
    cmd => ['sh', '-c', 'exec "$0" --web.listen-address="$(cat "$1")" '
    . '--config.file="$2" --storage.tsdb.path="$3"', $prometheus, $listens,
    $conf, "$house->{dir}/tsdb"]);

# What it has for an expression now, by the labels that are named.
sub values_of {
	my ($expression, @labels) = @_;
	my $answer = http_request($server->{port}, { method => 'GET',
	    path => '/api/v1/query', query => 'query='
	    . $expression =~ s/([^A-Za-z0-9_])/sprintf '%%%02x', ord $1/ger,
	    type => 'text/plain', headers => [], body => '' });
	return {} if $answer->{status} != 200;
	return { map { (join(' ', @{ $_->{metric} }{@labels})
	    => $_->{value}[1]) } @{ decode($answer->{body})->{data}{result} } };
}

# Until it says so; else what it says.
sub says {
	my ($expression, $labels, $expected, $name) = @_;
	my $got;
	wait_until(120, sub {
		$got = values_of($expression, @$labels);
		return grep { ($got->{$_} // '') eq $expected->{$_} }
		    keys %$expected;
	});
	is_deeply({ map { $_ => $got->{$_} } keys %$expected }, $expected,
	    $name) || diag(slurp("$house->{dir}/log/prometheus"));
}

says('up', ['job'], { strongroom => 1 }, 'it gets them');
says('strongroom_integrations{token_state="unknown"}', ['type'],
    { linear => 3, jira => 0 }, 'integrations');
says('sum(strongroom_boxes)', [], { '' => 3 }, 'boxes');
saved_ok($house->http(body => $body), "a save, $_") for 1 .. 5;
says('strongroom_requests_total{method="POST"}', [qw(route status)],
    { '/api/v2/integrations/save 200' => 8 }, 'requests, those by CGI too');
says('strongroom_request_duration_seconds_count >= bool 8', [], { '' => 1 },
    'their durations');
says('sum(increase(strongroom_committed_jobs_total[1m])) >= bool 0', [],
    { '' => 1 }, 'and rates can be made of them');
finish();
