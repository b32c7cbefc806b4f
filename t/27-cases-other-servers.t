#!/usr/bin/perl
# The sample of requests through lighttpd and Caddy, by their files as they are
# shipped.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Cases qw(run_cases);
use Strongroom::Web qw(web_servers start_web);

my @servers = web_servers();
plan skip_all => 'there is neither lighttpd nor caddy' if !@servers;

for my $name (@servers) {
	my $house = house(web => 'socket');
	$house->worker(args => [web_group()]);
	my $front = start_web($name, $house);
	my $saved = run_cases($house, sub {
		$house->http(front => $front, @_);
	}, "$name: ");
	is(scalar @{ $house->integrations }, $saved,
	    "$name: there is a row for each 200 and for nothing else");
	is($house->admin('check')->{exit}, 0, "$name: every box opens");
}

finish();
